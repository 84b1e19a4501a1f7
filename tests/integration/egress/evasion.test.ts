import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDetector, createFragmentRing, type FragmentRing } from "../../../sidecars/detection/index.ts";
import { rules } from "../../../sidecars/detection/rules.ts";
import { request } from "./client.ts";
import { benignBodies, secrets, splitIn, views } from "./evasion-kit.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const detector = createDetector({ knownValues: [] });
let count = 0;

type Look = (text: string, fragments?: FragmentRing) => Promise<{ readonly kind: string }>;

const body =
  (write: (text: string) => string, contentType?: string): Look =>
  (text, fragments) =>
    detector.inspectBody({ bytes: Buffer.from(write(text)), contentType }, { fragments });
const head =
  (write: (text: string) => object): Look =>
  (text, fragments) =>
    detector.inspectHead(
      { method: "GET", host: "a.example", path: "/", headers: [], ...write(text) },
      { fragments },
    );
const escaped = encodeURIComponent;
const part = (headers: string, content: string): string => `--b\r\n${headers}\r\n\r\n${content}\r\n--b--\r\n`;
const FORM_DATA = "multipart/form-data; boundary=b";

/** Places of a request in which a text can leave. */
const carriers: Readonly<Record<string, Look>> = {
  "the path": head((text) => ({ path: `/files/${escaped(text)}` })),
  "a query's value": head((text) => ({ path: `/?q=${escaped(text)}` })),
  "a query's key": head((text) => ({ path: `/?${escaped(text)}=1` })),
  "a header": head((text) => ({ headers: [["x-note", text.replaceAll("\n", " ")]] })),
  "a cookie": head((text) => ({ headers: [["cookie", `a=1; b=${escaped(text)}`]] })),
  "labels of a host": head((text) => ({
    host: `${(
      Buffer.from(text)
        .toString("hex")
        .match(/.{1,60}/g) ?? []
    ).join(".")}.example.com`,
  })),
  "a JSON value": body((text) => JSON.stringify({ a: [{ b: text }] }), "application/json"),
  "a JSON key": body((text) => JSON.stringify({ [text]: 1 }), "application/json"),
  "a form": body((text) => `a=1&b=${escaped(text)}`, "application/x-www-form-urlencoded"),
  "a part of a form": body((text) => part("Content-Disposition: form-data; name=a", text), FORM_DATA),
  "the name of a file": body(
    (text) => part(`Content-Disposition: form-data; name=f; filename*=UTF-8''${escaped(text)}`, "x"),
    FORM_DATA,
  ),
  "the name of a file, as mails write it": body(
    (text) =>
      part(
        `Content-Disposition: form-data; name=f; filename="${Buffer.from(text)
          .toString("base64")
          .replace(/.{1,12}/g, "=?utf-8?B?$&?= ")}"`,
        "x",
      ),
    FORM_DATA,
  ),
  "a frame": (text, fragments) =>
    detector.inspectBody({ bytes: Buffer.from(text), location: "frame" }, { fragments }),
  "a trailer": (text, fragments) =>
    Promise.resolve(detector.inspectTrailers([["x-end", text.replaceAll("\n", " ")]], { fragments })),
};

/** Secrets of one token: others hold quotes and spaces, which are part of how they are written. */
const tokens = secrets.filter(([, text]) => /^[A-Za-z0-9_.:/+=~$-]{20,}$/.test(text));
const byId = new Map(rules.map((rule) => [rule.id, rule]));
/** Backwards, words that count in either case and short ones are in too much. */
const readsBackwards = (id: string): boolean => {
  const { anyCase, keywords = [] } = byId.get(id)!;
  return anyCase !== true && keywords.every((keyword) => keyword.length >= 4 && new Set(keyword).size > 2);
};
const canBe = (view: string, [id, text]: readonly [string, string]): boolean => {
  if (view === "backwards") return readsBackwards(id);
  return view !== "added strings" || !text.includes('"');
};

describe("a secret", () => {
  it.each(Object.entries(views))("is found as %s", async (view, write) => {
    const missed: string[] = [];
    for (const secret of secrets.filter((each) => canBe(view, each))) {
      count += 1;
      const { kind } = await detector.inspectBody({ bytes: Buffer.from(write(secret[1])) });
      if (kind !== "found") missed.push(secret[0]);
    }
    expect(missed).toEqual([]);
  });

  it.each(Object.entries(carriers))("is found in %s", async (_carrier, look) => {
    const missed: string[] = [];
    for (const [id, text] of secrets) {
      count += 1;
      if ((await look(text)).kind !== "found") missed.push(id);
    }
    expect(missed).toEqual([]);
  });
});

const IN_ONE: Readonly<Record<string, (parts: readonly string[]) => Look>> = {
  "parameters of one query": (parts) =>
    head(() => ({ path: `/?${parts.map((one, at) => `p${at}=${escaped(one)}`).join("&")}` })),
  "headers of one request": (parts) => head(() => ({ headers: parts.map((one, at) => [`x-${at}`, one]) })),
  "members of one object": (parts) =>
    body(() => JSON.stringify(Object.fromEntries(parts.map((one, at) => [`k${at}`, one])))),
  "an array": (parts) => body(() => JSON.stringify({ a: parts })),
  "parts of one form": (parts) =>
    body(
      () =>
        parts
          .map((one, at) => `--b\r\nContent-Disposition: form-data; name=p${at}\r\n\r\n${one}\r\n`)
          .join("") + "--b--",
      FORM_DATA,
    ),
};
const OVER_MANY: readonly (readonly [string, Look])[] = [
  ["values of a query", head((text) => ({ path: `/?q=${escaped(text)}` }))],
  ["segments of a path", head((text) => ({ path: `/u/${escaped(text)}` }))],
  ["values of a header", head((text) => ({ headers: [["x-note", text]] }))],
  ["values of a cookie", head((text) => ({ headers: [["cookie", `s=${text}`]] }))],
  ["members of objects", body((text) => JSON.stringify({ model: "m", d: text }))],
  ["frames", (text, fragments) => detector.inspectBody({ bytes: Buffer.from(text) }, { fragments })],
  ["parts of forms", body((text) => part("Content-Disposition: form-data; name=a", text), FORM_DATA)],
];
const COUNTS = [2, 3, 4, 5, 6, 7, 8];

describe("a secret in 2 to 8 pieces", () => {
  it.each(Object.entries(IN_ONE))("is found in %s", async (_where, write) => {
    const missed: string[] = [];
    for (const [id, text] of tokens) {
      for (const pieces of COUNTS) {
        count += 1;
        if ((await write(splitIn(text, pieces))("")).kind !== "found") missed.push(`${id} in ${pieces}`);
      }
    }
    expect(missed).toEqual([]);
  });

  it.each(OVER_MANY)(
    "over as many requests is stopped before the last leaves, as %s",
    async (_where, look) => {
      const missed: string[] = [];
      for (const [id, text] of tokens) {
        for (const pieces of COUNTS) {
          count += 1;
          const fragments = createFragmentRing();
          const kinds: string[] = [];
          for (const one of splitIn(text, pieces)) kinds.push((await look(one, fragments)).kind);
          if (!kinds.includes("found")) missed.push(`${id} in ${pieces}`);
        }
      }
      expect(missed).toEqual([]);
    },
  );

  it("is stopped when it is a known value, whatever the order of its pieces", async () => {
    const value = "q7ZK3m7XW2ltNB4vGh5kX2pR8sTu1yWc";
    const known = createDetector({ knownValues: [{ id: "s/k", value }] });
    for (const pieces of [2, 3, 4]) {
      const fragments = createFragmentRing();
      const kinds: string[] = [];
      for (const one of splitIn(value, pieces).toReversed()) {
        const bytes = Buffer.from(`a log line that says ${one} among other things`);
        kinds.push((await known.inspectBody({ bytes }, { fragments })).kind);
      }
      // three quarters are as good as all of it
      expect([kinds[0], kinds.at(-1)]).toEqual(["clean", "found"]);
    }
  });
});

describe("what is no secret", () => {
  it("passes: files, conversations that quote them, and the same in base64", async () => {
    const bodies = benignBodies(new URL("../../../node_modules/", import.meta.url).pathname, count + 100);
    const fragments = createFragmentRing();
    const found: string[] = [];
    for (const [name, bytes] of bodies) {
      const inspection = await detector.inspectBody({ bytes }, { fragments });
      if (inspection.kind !== "clean") found.push(`${name}: ${JSON.stringify(inspection)}`);
    }
    console.log(`${count} secrets in all views and carriers, ${bodies.size} bodies without one`);
    expect(found).toEqual([]);
    expect(bodies.size).toBeGreaterThanOrEqual(count);
  });
});

describe("through the proxy", () => {
  let [world, upstream]: [World, Upstream] = [undefined!, undefined!];
  beforeAll(async () => {
    upstream = await startUpstream();
    world = await startWorld({
      egress: { routes: [{ host: "api.example.com", methods: ["GET", "POST"] }] },
      overrides: { "api.example.com:443": upstream.port },
    });
  });
  afterAll(async () => {
    await world.close();
    upstream.close();
  });
  const [, token] = tokens.find(([id]) => id === "github-token")!;

  it.each(Object.entries(views))("no byte of a secret reaches an upstream as %s", async (_view, write) => {
    const before = upstream.bytes().length;
    const answer = await request(world, "https://api.example.com/", { body: Buffer.from(write(token)) });
    expect(answer.denied).toBe("SecretInBody");
    expect(upstream.bytes()).toHaveLength(before);
    expect(answer.body).not.toContain(token);
  });

  it.each(COUNTS)("a secret in %i requests is never whole at an upstream", async (pieces) => {
    const before = upstream.bytes().length;
    const parts = splitIn(token, pieces);
    const denials: (string | undefined)[] = [];
    for (const one of parts) {
      const body = JSON.stringify({ chunk: one });
      denials.push((await request(world, "https://api.example.com/", { body })).denied);
    }
    expect(denials.some((denied) => denied === "SecretInBody")).toBe(true);
    const sent = upstream.bytes().slice(before);
    expect(parts.every((one) => sent.includes(`"${one}"`))).toBe(false);
  });
});
