import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dial, exchange } from "./client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

/** The path form: tools that take a base URL and know of no proxy. */

const HOST = "api.example.com";
let upstream: Upstream;
let world: World;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await startWorld({
    egress: {
      routes: [
        {
          name: "model",
          host: HOST,
          methods: ["GET", "POST"],
          paths: ["/v1/", "/open"],
          auth: { secretRef: { name: "cred", key: "token" } },
        },
        { name: "alone", host: "alone.example.com", ports: [80] },
        { name: "other-port", host: "port.example.com", ports: [80, 8443] },
        { host: "unnamed.example.com" },
        { name: "wild", host: "*.wild.example" },
      ],
    },
    secrets: [aSecret("s3cr3t-v4lue-0001", HOST)],
    overrides: {
      [`${HOST}:443`]: upstream.port,
      "port.example.com:8443": upstream.port,
      "unnamed.example.com:443": upstream.port,
    },
  });
});

afterAll(async () => {
  await world.close();
  upstream.close();
});

const ask = async (path: string, host = "egress:9099", method = "GET") =>
  exchange(await dial(world), `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

describe("the path form", () => {
  it("leads to the host of the route that it names, over TLS, with its credential", async () => {
    expect((await ask("/model/v1/messages?beta=true")).body).toBe("hello from upstream");
    expect(upstream.seen.at(-1)).toMatchObject({
      url: "/v1/messages?beta=true",
      headers: { host: HOST, authorization: "Bearer s3cr3t-v4lue-0001" },
    });
    expect(world.audit.at(-1)).toMatchObject({ route: "model", host: HOST, port: 443, path: "/v1/messages" });
  });

  it.each([
    ["the name in another spelling", "/m%6fdel/v1/x", "/v1/x"],
    ["dot segments that stay", "/model/v1/a/../b", "/v1/b"],
    ["dot segments before the name", "/x/../model/v1/x", "/v1/x"],
    ["an encoded slash in a segment", "/model/v1/@scope%2Fname", "/v1/@scope%2Fname"],
    ["a route by its host", "/unnamed.example.com/", "/"],
    ["the name alone", "/unnamed.example.com", "/"],
    ["a port that is not 443", "/other-port/a", "/a"],
  ])("reads the path as every way in does: %s", async (_what, path, url) => {
    expect((await ask(path)).status).toBe(200);
    expect(upstream.seen.at(-1)?.url).toBe(url);
  });

  it.each(["egress", "localhost:9099", "127.0.0.1:9099", "[::1]:9099"])(
    "is asked for at %s",
    async (host) => {
      expect((await ask("/model/v1/x", host)).status).toBe(200);
    },
  );

  it.each([
    ["a name that no route has", "/nothing/v1/x", "ReverseFormRefused"],
    ["no name", "/", "ReverseFormRefused"],
    ["a name with an encoded slash behind it", "/model%2fv1/x", "ReverseFormRefused"],
    ["slashes before the name", "//model/v1/x", "ReverseFormRefused"],
    ["a route for many hosts", "/wild/x", "ReverseFormRefused"],
    ["a route without TLS", "/alone/x", "ReverseFormRefused"],
    ["a path that the route does not allow", "/model/admin", "PathNotAllowed"],
    ["dot segments that leave the route's paths", "/model/v1/../admin", "PathNotAllowed"],
    ["dot segments that leave the route", "/model/../nothing/v1/x", "ReverseFormRefused"],
    ["hidden dot segments", "/model/v1/..%2f..%2fadmin", "BadRequest"],
    ["a URL after the name", "/model/https://evil.example/", "PathNotAllowed"],
  ])("is refused with a reason: %s", async (_what, path, code) => {
    const before = upstream.bytes().length;
    expect((await ask(path)).denied).toBe(code);
    expect(upstream.bytes()).toHaveLength(before);
    expect(world.audit.at(-1)).toMatchObject({ verdict: "deny", code });
  });

  it("is refused with another host's name in the Host header", async () => {
    for (const host of [HOST, "evil.example", "egress.evil.example", "10.0.0.1:9099"]) {
      expect((await ask("/model/v1/x", host)).denied).toBe("AuthorityMismatch");
    }
    expect((await ask("/model/v1/x", "egress\r\nHost: evil.example")).denied).toBe("AuthorityMismatch");
  });

  it("asks for methods as every way in does", async () => {
    expect((await ask("/model/v1/x", "egress", "DELETE")).denied).toBe("MethodNotAllowed");
  });
});
