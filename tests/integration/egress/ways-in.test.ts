import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, dial, exchange, openTls, request } from "./client.ts";
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
        { host: HOST, paths: ["/v1/"] },
        { host: "*.wild.example", methods: ["*"] },
      ],
    },
    overrides: {
      [`${HOST}:443`]: secure.port,
      [`${HOST}:80`]: plain.port,
      "a.wild.example:443": secure.port,
    },
  });
});

afterAll(async () => {
  await world.close();
  secure.close();
  plain.close();
});

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

describe("the ways in", () => {
  it("answers keep-alive requests one after another on one tunnel and one upstream connection", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    const before = secure.connections();
    for (let n = 0; n < 5; n += 1) {
      const answer = await exchange(socket, get(`/v1/${n}`));
      expect(answer.body).toBe("hello from upstream");
    }
    expect(secure.connections() - before).toBeLessThanOrEqual(1);
    socket.destroy();
  });

  it("sends dot segments resolved, and hop-by-hop fields not at all", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    await exchange(
      socket,
      `GET /v1/a/../b?q=1 HTTP/1.1\r\nHost: ${HOST}\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\nTE: trailers\r\nProxy-Connection: keep-alive\r\nX-Kept: yes\r\n\r\n`,
    );
    const last = secure.seen.at(-1);
    expect(last?.url).toBe("/v1/b?q=1");
    expect(last?.headers).toMatchObject({ "x-kept": "yes", host: HOST });
    expect(Object.keys(last?.headers ?? {})).not.toEqual(expect.arrayContaining(["x-hop"]));
    expect(last?.headers.te).toBeUndefined();
    expect(last?.headers["proxy-connection"]).toBeUndefined();
    socket.destroy();
  });

  it("judges a request with an expectation that nobody knows like any other, and does not send it on", async () => {
    const expecting = (path: string): string =>
      get(path).replace("\r\n\r\n", "\r\nExpect: the-unexpected\r\n\r\n");
    const denied = await exchange(await openTls(world, `${HOST}:443`), expecting("/v2/x"));
    expect(denied.denied).toBe("PathNotAllowed");
    expect(world.audit.at(-1)).toMatchObject({ verdict: "deny", path: "/v2/x" });

    const allowed = await exchange(await openTls(world, `${HOST}:443`), expecting("/v1/expect"));
    expect(allowed.status).toBe(200);
    expect(secure.seen.at(-1)?.url).toBe("/v1/expect");
    expect(secure.seen.at(-1)?.headers.expect).toBeUndefined();
  });

  it("refuses a name in TLS that is not the one CONNECT asked for", async () => {
    const before = secure.connections();
    await expect(openTls(world, `${HOST}:443`, { servername: "evil.example" })).rejects.toThrow();
    await expect(openTls(world, `${HOST}:443`, { servername: "a.wild.example" })).rejects.toThrow();
    expect(secure.connections()).toBe(before);
    expect(world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "AuthorityMismatch" });
  });

  it("takes TLS without a name as for the host that CONNECT asked for", async () => {
    const socket = await openTls(world, `${HOST}:443`, { servername: undefined });
    expect((await exchange(socket, get("/v1/x"))).status).toBe(200);
    socket.destroy();
  });

  it("refuses a CONNECT whose Host header names another host", async () => {
    const { answer } = await connect(world, `${HOST}:443`, "evil.example:443");
    expect(answer.denied).toBe("AuthorityMismatch");
    const twice = await connect(world, `${HOST}:443`, `${HOST}:443\r\nHost: evil.example:443`);
    expect(twice.answer.denied).toBe("AuthorityMismatch");
  });

  it("refuses CONNECT inside CONNECT, in TLS and without", async () => {
    const nested = `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\n\r\n`;
    expect((await exchange(await openTls(world, `${HOST}:443`), nested)).denied).toBe("ConnectInTunnel");
    const { socket } = await connect(world, `${HOST}:80`);
    expect((await exchange(socket, nested)).denied).toBe("ConnectInTunnel");
  });

  it.each([
    ["not a port", `${HOST}:x`],
    ["no port", HOST],
    ["port 0", `${HOST}:0`],
    ["a port too large", `${HOST}:65536`],
  ])("refuses CONNECT with %s", async (_what, authority) => {
    const { answer } = await connect(world, authority);
    expect(answer.denied).toBe("BadRequest");
  });

  it("refuses a port that the route does not list", async () => {
    expect((await connect(world, `${HOST}:8443`)).answer.denied).toBe("PortNotAllowed");
    const socket = await dial(world);
    const answer = await exchange(
      socket,
      `GET http://${HOST}:8080/v1/ HTTP/1.1\r\nHost: ${HOST}:8080\r\n\r\n`,
    );
    expect(answer.denied).toBe("PortNotAllowed");
  });

  it("refuses https in absolute form, the path form and OPTIONS *", async () => {
    const one = async (line: string): Promise<string | undefined> =>
      (await exchange(await dial(world), `${line} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`)).denied;
    expect(await one(`GET https://${HOST}/v1/`)).toBe("BadRequest");
    expect(await one("GET /some-route/v1/")).toBe("ReverseFormRefused");
    expect(await one("OPTIONS *")).toBe("BadRequest");
    expect(await one(`GET ftp://${HOST}/v1/`)).toBe("BadRequest");
  });

  it("accepts absolute form within a tunnel only when it names the tunnel's host", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    const good = await exchange(socket, `GET https://${HOST}/v1/x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    expect(good.status).toBe(200);
    const bad = await exchange(
      socket,
      `GET https://a.wild.example/ HTTP/1.1\r\nHost: a.wild.example\r\n\r\n`,
    );
    expect(bad.denied).toBe("AuthorityMismatch");
    socket.destroy();
  });

  it.each([
    [
      "HTTP/2 in the clear",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "Http2NeedsTls",
      /^\0\0\0\x04\0{5}.+inside of TLS/s,
    ],
    ["SOCKS5", "\x05\x01\x00", "SocksRefused", /^\x05\xff$/],
    ["SOCKS4", "\x04\x01\x00\x50\x08\x08\x08\x08\x00", "SocksRefused", /^\0\x5b\0{6}$/],
    ["a greeting of SSH", "SSH-2.0-OpenSSH_9\r\n", "BadRequest", /^HTTP\/1.1 400/],
  ])("refuses %s in its own words, with a reason", async (_what, bytes, code, said) => {
    const socket = await dial(world);
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
    const closed = once(socket, "close");
    socket.write(Buffer.from(bytes, "latin1"));
    await closed;
    expect(received).toMatch(said);
    expect(world.audit.at(-1)).toMatchObject({ verdict: "deny", code });
  });

  it.each([
    ["SSH", "SSH-2.0-OpenSSH_9\r\n"],
    ["SMTP", "EHLO example.com\r\n"],
    ["bytes", "\x00\x00\x00\x08\x04\xd2\x16\x2f"],
  ])("refuses a tunnel in which neither TLS nor HTTP is spoken: %s", async (_what, bytes) => {
    const { socket } = await connect(world, `${HOST}:80`);
    expect((await exchange(socket, Buffer.from(bytes, "latin1"))).denied).toBe("TlsRequired");
    expect(world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "TlsRequired" });
  });

  it("answers the probe on the listener alone", async () => {
    const nonce = "0123456789abcdef0123456789abcdef";
    const probe = await exchange(
      await dial(world),
      `GET /.bot-bottle/probe?nonce=${nonce} HTTP/1.1\r\nHost: egress:9099\r\n\r\n`,
    );
    expect(probe.status).toBe(204);
    expect(world.probes).toEqual([nonce]);
    const asRequest = await request(world, `https://a.wild.example/.bot-bottle/probe?nonce=${nonce}`);
    expect(asRequest.body).toBe("hello from upstream");
    expect(world.probes).toHaveLength(1);
    const bad = await exchange(
      await dial(world),
      `GET /.bot-bottle/probe?nonce=x HTTP/1.1\r\nHost: egress:9099\r\n\r\n`,
    );
    expect(bad.denied).toBe("ReverseFormRefused");
  });

  it("denies everything without a policy, but answers the probe", async () => {
    const bare = await startWorld({});
    const plainAnswer = await exchange(
      await dial(bare),
      `GET http://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    );
    expect(plainAnswer).toMatchObject({ status: 503, denied: "NotConfigured" });
    expect((await connect(bare, `${HOST}:443`)).answer.denied).toBe("NotConfigured");
    const nonce = "f".repeat(32);
    await exchange(
      await dial(bare),
      `GET /.bot-bottle/probe?nonce=${nonce} HTTP/1.1\r\nHost: egress:9099\r\n\r\n`,
    );
    expect(bare.probes).toEqual([nonce]);
    await bare.close();
  });

  it("takes a new connection even when hundreds are open", async () => {
    const sockets = await Promise.all(Array.from({ length: 520 }, () => dial(world)));
    for (const socket of sockets) socket.on("error", () => undefined);
    const nonce = "a".repeat(32);
    const probe = await exchange(
      await dial(world),
      `GET /.bot-bottle/probe?nonce=${nonce} HTTP/1.1\r\nHost: egress:9099\r\n\r\n`,
    );
    expect(probe.status).toBe(204);
    const first = sockets[0]!;
    if (!first.destroyed) await once(first, "close");
    expect(first.destroyed).toBe(true);
    for (const socket of sockets) socket.destroy();
  });
});
