import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, dial, openTls, readAnswer } from "./client.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "api.example.com";
let upstream: Upstream;
let world: World;

beforeAll(async () => {
  upstream = await startUpstream({ plain: true });
  world = await startWorld({
    egress: { routes: [{ host: HOST, methods: ["*"] }] },
    overrides: { [`${HOST}:443`]: upstream.port, [`${HOST}:80`]: upstream.port },
    headersTimeoutMs: 300,
  });
});

afterAll(async () => {
  await world.close();
  upstream.close();
});

const ways = {
  directly: () => dial(world),
  "in a tunnel": async () => (await connect(world, `${HOST}:80`)).socket,
  "in TLS in a tunnel": () => openTls(world, `${HOST}:443`),
};

describe.each(Object.entries(ways))("a head that does not end, sent %s", (_way, open) => {
  it("is cut off in time", async () => {
    const socket = await open();
    const answer = readAnswer(socket);
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-Slow: `);
    expect((await answer).denied).toBe("BadRequest");
    if (!socket.destroyed) await once(socket, "close");
  });
});

describe("a connection that says nothing", () => {
  it("is cut off in TLS in a tunnel, as it is outside of one", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    socket.resume();
    await once(socket, "close");
  });
});

describe("requests one behind the other on one connection", () => {
  it("are bounded in number, and end it when they are more", async () => {
    const stalled = await startUpstream({ plain: true, answer: () => undefined });
    const another = await startWorld({
      egress: { routes: [{ host: HOST }] },
      overrides: { [`${HOST}:80`]: stalled.port },
    });
    const socket = await dial(another);
    socket.resume();
    const get = (n: number): string => `GET http://${HOST}/${n} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    socket.write(Array.from({ length: 1_000 }, (_, n) => get(n)).join(""));
    await expect.poll(() => socket.closed).toBe(true);
    await expect.poll(() => another.audit.length).toBe(129);
    const codes = another.audit.map(({ code }) => code);
    expect(codes.filter((code) => code === "ClientGone")).toHaveLength(128);
    expect(codes.filter((code) => code === "TooMuchHeld")).toHaveLength(1);
    expect(another.audit.some(({ path }) => path === "/128")).toBe(false);
    await another.close();
    stalled.close();
  });
});
