import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { block, frame, literal, PREFACE } from "../../fixtures/http2-frames.ts";
import { answerOf, ask2, openAlpn, openHttp2 } from "./h2-client.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

/** HTTP/2 that is no request of a client in good faith: other authorities, floods, and sessions that stand still. */

const HOST = "api.example.com";
const OTHER = "other.example.com";
let upstream: Upstream;
let world: World;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await startWorld({
    egress: { routes: [HOST, OTHER].map((host) => ({ host, methods: ["*"], maxBodyBytes: 1_000_000 })) },
    overrides: { [`${HOST}:443`]: upstream.port, [`${OTHER}:443`]: upstream.port },
    headersTimeoutMs: 600,
  });
});

afterAll(async () => {
  await world.close();
  upstream.close();
});

const head = (...more: [string, string][]): Buffer =>
  block([[":method", "GET"], [":scheme", "https"], [":authority", HOST], [":path", "/"], ...more]);

describe("the authority of a stream", () => {
  const refused: [string, Record<string, string>, string][] = [
    ["another host that is allowed", { ":authority": OTHER }, "AuthorityMismatch"],
    ["another port", { ":authority": `${HOST}:8443` }, "AuthorityMismatch"],
    ["another scheme", { ":scheme": "http" }, "AuthorityMismatch"],
    ["a Host field that says otherwise", { host: OTHER }, "AuthorityMismatch"],
    ["no path", { ":path": "*", ":method": "OPTIONS" }, "BadRequest"],
  ];
  it.each(refused)("is refused when it has %s", async (_what, headers, code) => {
    const session = await openHttp2(world, `${HOST}:443`);
    const before = upstream.seen.length;
    expect((await ask2(session, { ":path": "/", ...headers })).denied).toBe(code);
    expect(upstream.seen).toHaveLength(before);
    session.close();
  });

  it.each([
    ["a user", { ":authority": `me@${HOST}` }],
    ["a URL for its path", { ":path": `https://${OTHER}/` }],
    ["a path in its authority", { ":authority": `${HOST}/v1` }],
    ["a field of one connection", { "transfer-encoding": "chunked" }],
  ])("is no request at all with %s", async (_what, headers) => {
    const socket = await openAlpn(world, `${HOST}:443`, ["h2"]);
    const fields = { ":method": "GET", ":scheme": "https", ":authority": HOST, ":path": "/", ...headers };
    const fieldBlock = block(Object.entries(fields));
    const before = upstream.seen.length;
    socket.resume().write(Buffer.concat([PREFACE, frame(1, 5, 1, fieldBlock)]));
    await once(socket, "close");
    expect(upstream.seen).toHaveLength(before);
  });

  it("is taken in every spelling of the host, and with a Host field that agrees", async () => {
    const session = await openHttp2(world, `${HOST}:443`);
    for (const headers of [
      { ":authority": "API.Example.com." },
      { ":authority": `${HOST}:443` },
      { host: HOST },
    ]) {
      expect((await ask2(session, { ":path": "/", ...headers })).status).toBe(200);
      expect(upstream.seen.at(-1)?.headers.host).toBe(HOST);
    }
    session.close();
  });

  it("is not asked for in CONNECT, plain or extended", async () => {
    const session = await openHttp2(world, `${HOST}:443`);
    const plain = session.request({ ":method": "CONNECT", ":authority": `${HOST}:443` });
    expect((await answerOf(plain)).denied).toBe("ConnectInTunnel");
    session.close();
    const socket = await openAlpn(world, `${HOST}:443`, ["h2"]);
    socket.write(Buffer.concat([PREFACE, frame(1, 5, 1, head([":protocol", "websocket"]))]));
    const before = upstream.seen.length;
    socket.resume();
    await once(socket, "close");
    expect(upstream.seen).toHaveLength(before);
  });
});

describe("a session that stands still", () => {
  it.each([
    ["says nothing", Buffer.alloc(0)],
    ["says only what every session begins with", PREFACE],
    ["begins a head and does not end it", Buffer.concat([PREFACE, frame(1, 1, 1, head())])],
    ["ends in the middle of a frame", Buffer.concat([PREFACE, frame(1, 5, 1, head()).subarray(0, 20)])],
    ["says goodbye in halves", Buffer.concat([PREFACE, frame(6, 0, 0, Buffer.alloc(8))])],
  ])("is closed in time: one that %s", async (_what, bytes) => {
    const socket = await openAlpn(world, `${HOST}:443`, ["h2"]);
    socket.resume().write(bytes);
    await once(socket, "close");
  });

  it("is closed at once when the agent ends its half", async () => {
    const socket = await openAlpn(world, `${HOST}:443`, ["h2"]);
    socket.resume().end(Buffer.concat([PREFACE, frame(1, 5, 1, head())]));
    await once(socket, "close");
  });
});

describe("a flood", () => {
  const floods: [string, (n: number) => Buffer][] = [
    [
      "streams that are reset at once",
      (n) =>
        Buffer.concat([frame(1, 5, 2 * n + 1, head()), frame(3, 0, 2 * n + 1, Buffer.from([0, 0, 0, 8]))]),
    ],
    [
      "continuations of one head",
      (n) => (n === 0 ? frame(1, 1, 1, head()) : frame(9, 0, 1, literal("x-a", "b"))),
    ],
    [
      "fields beyond measure",
      (n) =>
        n === 0
          ? frame(1, 1, 1, head())
          : frame(9, 0, 1, Buffer.concat(Array.from({ length: 300 }, () => literal("x-a", "b".repeat(40))))),
    ],
    ["bad frames", () => frame(0, 0, 0, Buffer.alloc(1))],
  ];
  it.each(floods)("ends its own session and no other: %s", async (_what, one) => {
    const other = await openHttp2(world, `${HOST}:443`);
    await ask2(other, { ":path": "/" });
    const socket = await openAlpn(world, `${HOST}:443`, ["h2"]);
    socket.resume();
    const closed = once(socket, "close").catch(() => undefined);
    socket.write(PREFACE);
    for (let n = 0; n < 5_000 && socket.writable; n += 1) {
      if (!socket.write(one(n))) await Promise.race([once(socket, "drain"), closed]);
    }
    await closed;
    expect((await ask2(other, { ":path": "/" })).status).toBe(200);
    other.close();
  });

  it.each([
    ["pings", frame(6, 0, 0, Buffer.alloc(8))],
    ["settings", frame(4, 0, 0)],
  ])("of %s is answered in bounded memory, though nobody reads the answers", async (_what, bytes) => {
    const socket = await openAlpn(world, `${HOST}:443`, ["h2"]);
    socket.pause();
    const before = process.memoryUsage().rss;
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => bytes));
    socket.write(PREFACE);
    const closed = once(socket, "close").catch(() => undefined);
    for (let n = 0; n < 500 && socket.writable; n += 1) {
      if (!socket.write(many))
        await Promise.race([
          once(socket, "drain", { signal: AbortSignal.timeout(500) }).catch(() => socket.destroy()),
          closed,
        ]);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    socket.destroy();
    const other = await openHttp2(world, `${HOST}:443`);
    expect((await ask2(other, { ":path": "/" })).status).toBe(200);
    other.close();
  });

  it("of requests under way is bounded over all sessions", async () => {
    const sessions: ClientHttp2Session[] = [];
    for (let n = 0; n < 5; n += 1) sessions.push(await openHttp2(world, `${HOST}:443`));
    const streams = sessions.flatMap((session) =>
      Array.from({ length: 120 }, () => session.request({ ":path": "/", ":method": "POST" })),
    );
    const refused: string[] = [];
    for (const stream of streams) {
      stream.on("error", () => undefined);
      stream.on("response", (headers) => refused.push(String(headers["x-bot-bottle-denied"])));
      stream.write("a beginning");
    }
    await expect.poll(() => refused.length).toBeGreaterThanOrEqual(600 - 512);
    expect(new Set(refused)).toEqual(new Set(["TooMuchHeld"]));
    for (const session of sessions) session.destroy();
    const after = await openHttp2(world, `${HOST}:443`);
    await expect.poll(async () => (await ask2(after, { ":path": "/" })).status).toBe(200);
    after.close();
  });
});
