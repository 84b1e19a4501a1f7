import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dialTransparent, exchange, openTransparentTls } from "./client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

/** Clients that know of no proxy: the name in TLS or the Host field says where they want to go. */

const HOST = "api.example.com";
const OTHER = "other.example.com";
const SECRET = "s3cr3t-l4bel-v4lue-0001";
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
        { host: OTHER, ports: [443, 8080] },
        { host: "*.wild.example" },
      ],
    },
    secrets: [aSecret(SECRET, HOST)],
    overrides: {
      [`${HOST}:443`]: secure.port,
      [`${HOST}:80`]: plain.port,
      [`${OTHER}:443`]: secure.port,
      "a.wild.example:443": secure.port,
    },
  });
});

afterAll(async () => {
  await world.close();
  secure.close();
  plain.close();
});

const get = (host: string, path = "/v1/x"): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

describe("TLS of a client that knows of no proxy", () => {
  it("is opened with a leaf for the name that it asks for, and goes to port 443 of it", async () => {
    const socket = await openTransparentTls(world, HOST);
    expect((await exchange(socket, get(HOST))).body).toBe("hello from upstream");
    expect(secure.seen.at(-1)).toMatchObject({ url: "/v1/x", headers: { host: HOST } });
    expect((await exchange(socket, get(HOST, "/admin"))).denied).toBe("PathNotAllowed");
    expect(world.audit.at(-1)).toMatchObject({ host: HOST, port: 443, path: "/admin" });
    socket.destroy();
  });

  it.each([
    ["another host", get(OTHER)],
    ["another port of its host", get(`${HOST}:8443`)],
    ["another host in a URL", `GET https://${OTHER}/ HTTP/1.1\r\nHost: ${OTHER}\r\n\r\n`],
    ["plain http in a URL", `GET http://${HOST}/v1/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
  ])("carries no request to %s", async (_what, bytes) => {
    const socket = await openTransparentTls(world, HOST);
    expect((await exchange(socket, bytes)).denied).toBe("AuthorityMismatch");
    socket.destroy();
  });

  it.each([
    ["a name that no route has", "evil.example", "HostNotAllowed"],
    ["a name that holds a secret", `${SECRET}.wild.example`, "SecretInHead"],
    ["no name", undefined, "ServerNameMissing"],
  ])("is refused with an alert and a record: %s", async (_what, name, code) => {
    const before = world.audit.length;
    await expect(openTransparentTls(world, name)).rejects.toThrow(/handshake failure/);
    await expect.poll(() => world.audit.slice(before)).toHaveLength(1);
    expect(world.audit.at(-1)).toMatchObject({ verdict: "deny", code });
    expect(JSON.stringify(world.audit)).not.toContain(SECRET);
  });

  it("is refused when no policy is in force, and cut off when its host is no longer allowed", async () => {
    const other = await startWorld({
      egress: { routes: [{ host: HOST }] },
      overrides: { [`${HOST}:443`]: secure.port },
    });
    const socket = await openTransparentTls(other, HOST);
    await exchange(socket, get(HOST));
    const closed = once(socket, "close");
    other.enforce({ routes: [{ host: OTHER }] });
    await closed;
    other.proxy.enforce(undefined);
    await expect(openTransparentTls(other, HOST)).rejects.toThrow();
    await expect.poll(() => other.audit.at(-1)?.code).toBe("NotConfigured");
    await other.close();
  });

  it("is decided on anew when a client resumes a session, of which no certificate is asked", async () => {
    const other = await startWorld({
      egress: { routes: [{ host: HOST }] },
      overrides: { [`${HOST}:443`]: secure.port },
    });
    const first = await openTransparentTls(other, HOST);
    const resumable = once(first, "session") as Promise<[Buffer]>;
    await exchange(first, get(HOST));
    const [session] = await resumable;
    const second = await openTransparentTls(other, HOST, session);
    expect(second.isSessionReused()).toBe(true);
    expect((await exchange(second, get(HOST))).body).toBe("hello from upstream");

    other.enforce({ routes: [{ host: OTHER }] });
    const third = await openTransparentTls(other, HOST, session);
    await once(third.resume(), "close");
    expect(other.audit.at(-1)).toMatchObject({
      verdict: "deny",
      code: "HostNotAllowed",
      host: HOST,
      port: 443,
    });
    await other.close();
  });

  it("is missing: what comes instead is refused", async () => {
    const socket = await dialTransparent(world, "tls");
    const closed = once(socket, "close");
    socket.resume().write(get(HOST));
    await closed;
    await expect.poll(() => world.audit.at(-1)?.code).toBe("TlsRequired");
  });
});

describe("plain http of a client that knows of no proxy", () => {
  it("goes to port 80 of the host that each request names", async () => {
    const socket = await dialTransparent(world, "http");
    expect((await exchange(socket, get(HOST))).body).toBe("hello from upstream");
    expect(plain.seen.at(-1)).toMatchObject({ url: "/v1/x", headers: { host: HOST } });
    const url = `GET http://${HOST}/v1/y HTTP/1.1\r\nHost: ${HOST}:80\r\n\r\n`;
    expect((await exchange(socket, url)).status).toBe(200);
    expect((await exchange(socket, get("evil.example"))).denied).toBe("HostNotAllowed");
    socket.destroy();
  });

  it.each([
    ["no host", "GET / HTTP/1.1\r\nX: 1\r\n\r\n", "BadRequest"],
    ["two hosts", `GET / HTTP/1.1\r\nHost: ${HOST}\r\nHost: ${OTHER}\r\n\r\n`, "BadRequest"],
    ["a port that it was not connected to", get(`${OTHER}:8080`), "AuthorityMismatch"],
    ["another host in a URL", `GET http://${OTHER}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, "AuthorityMismatch"],
    ["https in a URL", `GET https://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, "AuthorityMismatch"],
    ["a tunnel", `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\n\r\n`, "ConnectInTunnel"],
    ["a path of the proxy", get("egress", "/.bot-bottle/probe?nonce=".padEnd(57, "0")), "HostNotAllowed"],
  ])("is refused with a reason: %s", async (_what, bytes, code) => {
    expect((await exchange(await dialTransparent(world, "http"), bytes)).denied).toBe(code);
    await expect.poll(() => world.audit.at(-1)?.code).toBe(code);
    expect(world.probes).toEqual([]);
  });
});
