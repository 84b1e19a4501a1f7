import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isIP } from "node:net";
import {
  type Answer,
  connect,
  dial,
  dialTransparent,
  exchange,
  openTls,
  openTransparentTls,
} from "./client.ts";
import { normaliseHost } from "../../../sidecars/egress/request/authority.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "api.example.com";
let secure: Upstream;
let plain: Upstream;
let world: World;

beforeAll(async () => {
  secure = await startUpstream();
  plain = await startUpstream({ plain: true });
  world = await startWorld({
    egress: {
      routes: [
        { host: HOST, methods: ["GET", "POST"], paths: ["/v1/", "/open"] },
        { host: "*.wild.example", methods: ["*"] },
        { host: "8.8.8.8", methods: ["*"] },
      ],
    },
    overrides: {
      [`${HOST}:443`]: secure.port,
      [`${HOST}:80`]: plain.port,
      "a.wild.example:443": secure.port,
      "a.wild.example:80": plain.port,
      "8.8.8.8:443": secure.port,
      "8.8.8.8:80": plain.port,
    },
  });
});

afterAll(async () => {
  await world.close();
  secure.close();
  plain.close();
});

/** The ways in: each sends one request for `host` and `path`, and answers with what came back. */
const entries = {
  "absolute form": async ({ host, path, method, hostHeader }: Ask) =>
    exchange(await dial(world), `${method} http://${host}${path} HTTP/1.1\r\nHost: ${hostHeader}\r\n\r\n`),
  "CONNECT and TLS": async (ask: Ask) => {
    const { socket, answer } = await connect(world, `${ask.host}:443`);
    socket.destroy();
    if (answer.status !== 200) return answer;
    return exchange(await openTls(world, `${ask.host}:443`), originForm(ask));
  },
  "CONNECT without TLS": async (ask: Ask) => {
    const { socket, answer } = await connect(world, `${ask.host}:80`);
    return answer.status === 200 ? exchange(socket, originForm(ask)) : answer;
  },
  "transparent http": async (ask: Ask) => exchange(await dialTransparent(world, "http"), originForm(ask)),
  "transparent TLS": async (ask: Ask) => {
    try {
      return await exchange(await openTransparentTls(world, ask.host), originForm(ask));
    } catch {
      return noTls();
    }
  },
} as const;

/** A name that nothing is allowed for is given no certificate, so nobody can be told but by the audit. */
const noTls = (): Answer => {
  const { code, because } = world.audit.at(-1)!;
  return { status: 495, headers: {}, body: JSON.stringify({ code, because, whatToDo: "" }), denied: code };
};

/** The name in TLS is a name: no address, no user, no port. And there is one host alone in a request without a target. */
const fits = (entry: string, { host = HOST, hostHeader }: Partial<Ask>): boolean => {
  if (entry === "transparent http") return !host.includes("@") && hostHeader !== "other.example";
  return entry !== "transparent TLS" || (isIP(normaliseHost(host) ?? "") === 0 && !/[@%]/.test(host));
};

interface Ask {
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly hostHeader: string;
}

const originForm = ({ path, method, hostHeader }: Ask): string =>
  `${method} ${path} HTTP/1.1\r\nHost: ${hostHeader}\r\n\r\n`;

const ask = (some: Partial<Ask>): Ask => {
  const host = some.host ?? HOST;
  return { host, path: "/v1/x", method: "GET", hostHeader: host, ...some };
};

const allowed: [string, Partial<Ask>][] = [
  ["a host that is listed", {}],
  ["its name in capitals", { host: "API.Example.COM" }],
  ["its name with a trailing dot", { host: `${HOST}.` }],
  ["a name under a wildcard", { host: "a.wild.example", path: "/" }],
  ["a path that is a prefix itself", { path: "/open" }],
  ["a path below a prefix", { path: "/open/x?y=1" }],
  ["a path whose dot segments stay inside", { path: "/v1/a/../b" }],
  ["an encoded slash within a segment", { path: "/v1/@scope%2fname" }],
  ["an address that is listed", { host: "8.8.8.8", path: "/" }],
  ["the same address in decimal", { host: "134744072", path: "/" }],
  ["the same address in hexadecimal", { host: "0x8.0x8.0x8.0x8", path: "/" }],
];

const denied: [string, Partial<Ask>, string][] = [
  ["a host that is not listed", { host: "evil.example" }, "HostNotAllowed"],
  ["the parent of a wildcard", { host: "wild.example" }, "HostNotAllowed"],
  ["a name that ends like a listed one", { host: `evil${HOST}` }, "HostNotAllowed"],
  ["a name that begins like a listed one", { host: `${HOST}.evil.example` }, "HostNotAllowed"],
  ["the metadata address", { host: "169.254.169.254" }, "HostNotAllowed"],
  ["loopback in dots", { host: "127.0.0.1" }, "HostNotAllowed"],
  ["loopback in decimal", { host: "2130706433" }, "HostNotAllowed"],
  ["loopback in octal", { host: "0177.0.0.1" }, "HostNotAllowed"],
  ["loopback in hexadecimal", { host: "0x7f.1" }, "HostNotAllowed"],
  ["loopback in IPv6", { host: "[::1]" }, "HostNotAllowed"],
  ["loopback mapped into IPv6", { host: "[::ffff:127.0.0.1]" }, "HostNotAllowed"],
  ["a user before the host", { host: `${HOST}@evil.example`, hostHeader: HOST }, "UserinfoRefused"],
  ["a listed host as the user", { host: `user:pass@${HOST}`, hostHeader: HOST }, "UserinfoRefused"],
  ["a host with a percent sign", { host: "api%2eexample.com" }, "BadRequest"],
  ["a path that is not listed", { path: "/admin" }, "PathNotAllowed"],
  ["a path that only begins alike", { path: "/v1x" }, "PathNotAllowed"],
  ["dot segments that leave", { path: "/v1/../admin" }, "PathNotAllowed"],
  ["encoded dot segments that leave", { path: "/v1/%2e%2e/admin" }, "PathNotAllowed"],
  ["dot segments behind an encoded slash", { path: "/v1/..%2fadmin" }, "BadRequest"],
  ["dot segments encoded twice", { path: "/v1/%252e%252e/admin" }, "BadRequest"],
  ["dot segments with parameters", { path: "/v1/..;/admin" }, "BadRequest"],
  ["a backslash", { path: "/v1/\\..\\admin" }, "BadRequest"],
  ["a NUL", { path: "/v1/%00" }, "BadRequest"],
  ["a method that is not listed", { method: "DELETE" }, "MethodNotAllowed"],
  ["TRACE on a route for any method", { host: "a.wild.example", method: "TRACE" }, "MethodNotAllowed"],
  ["a Host header that names another host", { hostHeader: "other.example" }, "AuthorityMismatch"],
  ["a Host header with another port", { hostHeader: `${HOST}:8443` }, "AuthorityMismatch"],
  ["git push", { host: "a.wild.example", path: "/r.git/git-receive-pack", method: "POST" }, "GitPushRefused"],
  [
    "the beginning of git push",
    { host: "a.wild.example", path: "/r.git/info/refs?service=git-receive-pack" },
    "GitPushRefused",
  ],
  [
    "git push, encoded",
    { host: "a.wild.example", path: "/r.git/info/refs?service=git%2dreceive%2Dpack" },
    "GitPushRefused",
  ],
];

describe.each(Object.entries(entries))("entry by %s", (entry, send) => {
  it.each(allowed.filter(([, some]) => fits(entry, some)))("lets through %s", async (_what, some) => {
    const answer = await send(ask(some));
    expect(answer).toMatchObject({ status: 200, body: "hello from upstream" });
  });

  it.each(denied.filter(([, some]) => fits(entry, some)))(
    "refuses %s, and no byte reaches an upstream",
    async (_what, some, code) => {
      const before = [secure.bytes().length, plain.bytes().length, secure.connections(), plain.connections()];
      const answer = await send(ask(some));
      expect(answer.denied).toBe(code);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(JSON.parse(answer.body)).toMatchObject({
        code,
        because: expect.any(String),
        whatToDo: expect.any(String),
      });
      expect([
        secure.bytes().length,
        plain.bytes().length,
        secure.connections(),
        plain.connections(),
      ]).toEqual(before);
      expect(world.audit.at(-1)).toMatchObject({ verdict: "deny", code });
    },
  );

  it("refuses a handshake of WebSocket that is not as it must be", async () => {
    const upgrade = `GET /v1/ws HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 12\r\n\r\n`;
    const ways: Record<string, () => Promise<{ denied: string | undefined }>> = {
      "absolute form": async () => exchange(await dial(world), upgrade.replace("GET ", `GET http://${HOST}`)),
      "CONNECT and TLS": async () => exchange(await openTls(world, `${HOST}:443`), upgrade),
      "CONNECT without TLS": async () => exchange((await connect(world, `${HOST}:80`)).socket, upgrade),
      "transparent http": async () => exchange(await dialTransparent(world, "http"), upgrade),
      "transparent TLS": async () => exchange(await openTransparentTls(world, HOST), upgrade),
    };
    for (const way of Object.values(ways)) expect((await way()).denied).toBe("WebSocketRefused");
  });
});
