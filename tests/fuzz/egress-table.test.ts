import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "../../sidecars/egress/policy/decide.ts";
import { indexPolicy } from "../../sidecars/egress/policy/policy-index.ts";
import type { Entry } from "../../sidecars/egress/request/entry.ts";
import { normalisePath } from "../../sidecars/egress/request/path.ts";
import { readHead } from "../../sidecars/egress/request/read-head.ts";
import { compileEgress } from "../../sidecars/wire/compile-egress.ts";
import { fuzzTime } from "./fuzz-time.ts";

/** One table: whatever way a request comes in by, and however host and path are spelled, the answer is the same. */

const policy = indexPolicy(
  compileEgress({
    routes: [
      { name: "api", host: "api.example.com", paths: ["/v1/", "/open"], methods: ["GET", "POST"] },
      { name: "one", host: "api.example.com", paths: ["/v1/only"], methods: ["POST"] },
      { name: "wild", host: "*.wild.example", methods: ["*"] },
      { name: "named", host: "named.wild.example", paths: ["/a/"] },
      { name: "idn", host: "xn--bcher-kva.example" },
      { name: "address", host: "8.8.8.8", ports: [443, 8443] },
      { name: "six", host: "2001:4860:4860::8888" },
    ],
  }),
);

/** Spellings of hosts, each list of one host. */
const hosts: readonly (readonly string[])[] = [
  ["api.example.com", "API.Example.COM", "api.example.com.", "Api.eXample.com."],
  ["x.wild.example", "X.WILD.EXAMPLE", "x.wild.example."],
  ["named.wild.example", "NAMED.wild.example."],
  ["xn--bcher-kva.example", "XN--BCHER-KVA.example", "xn--bcher-kva.example."],
  [
    "8.8.8.8",
    "134744072",
    "0x08080808",
    "010.8.8.8",
    "8.8.2056",
    "0x8.0x8.0x8.0x8",
    "[::ffff:8.8.8.8]",
    "[::ffff:808:808]",
  ],
  ["[2001:4860:4860::8888]", "[2001:4860:4860:0:0:0:0:8888]", "[2001:4860:4860:0000::8888]"],
  ["evil.example", "EVIL.example."],
];
/** Spellings of paths, each list of one path. */
const paths: readonly (readonly string[])[] = [
  ["/v1/x", "/v1/./x", "/v1/y/../x", "/%76%31/x", "/v1/%78", "/v1/%2e/x", "/a/%2E%2e/v1/x"],
  ["/v1/only", "/v1/%6Fnly", "/v1/z/../only"],
  ["/v1/a%2Fb", "/v1/a%2fb", "/%76%31/a%2Fb"],
  ["/open", "/%6fpen", "/x/../open"],
  ["/a/b", "/a/./b", "/%61/b"],
  ["/admin", "/v1/../admin", "/v1/%2e%2e/admin", "/%61dmin"],
  ["/"],
];

/** By the first spelling of a host: the name of a route there that the path form takes. */
const NAMES: Readonly<Record<string, string>> = {
  "api.example.com": "api",
  "named.wild.example": "named",
  "xn--bcher-kva.example": "idn",
  "8.8.8.8": "address",
  "[2001:4860:4860::8888]": "six",
};

interface Ask {
  /** see NAMES */
  readonly name: string | undefined;
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly scheme: "http" | "https";
  readonly port: number;
}

const PATH_FORM = "path form";
const authorityOf = ({ host, port, scheme }: Ask, isPortTold: boolean): string =>
  isPortTold || port !== (scheme === "https" ? 443 : 80) ? `${host}:${port}` : host;

/** What is answered to it in this way in; undefined when it cannot come in so. */
function answer(ask: Ask, way: string, isPortTold: boolean): string | undefined {
  const authority = authorityOf(ask, isPortTold);
  const tunnel = (): Entry | undefined => {
    const read = readHead(
      {
        method: "GET",
        target: `http://${authorityOf(ask, true)}/`,
        rawHeaders: ["host", authorityOf(ask, true)],
        hasUntoldBody: false,
      },
      { kind: "front" },
      policy,
    );
    if (read.kind === "denied") return undefined;
    const { host, port } = read.head;
    return { kind: "tunnel", scheme: ask.scheme, authority: { host, port } };
  };
  const url = `${ask.scheme}://${authority}${ask.path}`;
  const ways: Record<string, () => [Entry | undefined, string]> = {
    "absolute form": () => [ask.scheme === "http" ? { kind: "front" } : undefined, url],
    tunnel: () => [tunnel(), ask.path],
    "absolute form in a tunnel, or HTTP/2": () => [tunnel(), url],
    transparent: () => [
      ask.scheme === "http" && ask.port === 80 ? { kind: "transparent" } : undefined,
      ask.path,
    ],
  };
  const isNamed = ask.name !== undefined && ask.scheme === "https" && ask.port === 443;
  const pathForm: [Entry | undefined, string] = [
    isNamed ? { kind: "front" } : undefined,
    `/${ask.name}${ask.path}`,
  ];
  const [entry, target] = way === PATH_FORM ? pathForm : ways[way]!();
  if (entry === undefined) return undefined;
  const hostField = way === PATH_FORM ? "egress:9099" : authority;
  const request = { method: ask.method, target, rawHeaders: ["Host", hostField], hasUntoldBody: false };
  const read = readHead(request, entry, policy);
  if (read.kind === "denied") return read.denial.code;
  const verdict = decide(read.head, policy);
  const { host, port, path } = read.head;
  return verdict.kind === "deny" ? verdict.code : `${verdict.route.name} ${host}:${port}${path}`;
}

const pick = <T>(list: readonly T[]) => fc.constantFrom(...list);
const WAYS = [PATH_FORM, "absolute form", "tunnel", "absolute form in a tunnel, or HTTP/2", "transparent"];

describe("the table", () => {
  const time = fuzzTime(4);
  it(
    "gives no two spellings of one request different answers",
    () => {
      const spelled = fc.record({
        host: fc.nat(100),
        path: fc.nat(100),
        way: pick(WAYS),
        isPortTold: fc.boolean(),
      });
      const request = fc.record({
        host: pick(hosts),
        path: pick(paths),
        method: pick(["GET", "POST", "DELETE", "get", "TRACE"]),
        scheme: pick(["http", "https"] as const),
        port: pick([80, 443, 8443]),
        spellings: fc.array(spelled, { minLength: 2, maxLength: 6 }),
      });
      fc.assert(
        fc.property(request, ({ host, path, spellings, ...rest }) => {
          const answers = spellings.map((one) =>
            answer(
              {
                ...rest,
                name: NAMES[host[0]!],
                host: host[one.host % host.length]!,
                path: path[one.path % path.length]!,
              },
              one.way,
              one.isPortTold,
            ),
          );
          expect(new Set(answers.filter((one) => one !== undefined)).size).toBeLessThanOrEqual(1);
        }),
        time,
      );
    },
    time.timeoutMs,
  );

  const pathTime = fuzzTime(4);
  it(
    "reads a path once and for all, and without dot segments",
    () => {
      const part = fc.oneof(
        pick([
          "/",
          "//",
          ".",
          "..",
          "%2e",
          "%2E",
          "%2f",
          "%5c",
          "\\",
          ";",
          ";a=b",
          "%",
          "%25",
          "%252e",
          "%00",
          "a",
          "~",
          "%c0%ae",
        ]),
        fc.string({ maxLength: 3 }),
      );
      const raw = fc.array(part, { maxLength: 12 }).map((parts) => `/${parts.join("")}`);
      fc.assert(
        fc.property(raw, (text) => {
          const once = normalisePath(text);
          if (once.kind === "invalid") return;
          expect(normalisePath(once.path)).toEqual(once);
          for (const path of [once.path, once.alternative]) {
            expect(path.startsWith("/")).toBe(true);
            expect(path.split("/").some((segment) => /^\.{1,2}(;|$)/.test(segment))).toBe(false);
          }
        }),
        pathTime,
      );
    },
    pathTime.timeoutMs,
  );
});
