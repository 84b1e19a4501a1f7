import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { answerOf, openHttp2 } from "./h2-client.ts";
import { startHttp2Upstream } from "./h2-kit.ts";
import { startUpstream, startWorld, type World } from "./kit.ts";
import { openWebSocket, startWebSocketUpstream } from "./websocket-kit.ts";

/** What leaves beside heads and bodies is bounded too: frames that carry no message, and trailers. */

const HOST = "api.example.com";
const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function worldOf(upstream: { port: number; close(): unknown }, route: object = {}): Promise<World> {
  const world = await startWorld({
    egress: { routes: [{ host: HOST, methods: ["*"], ...route }] },
    overrides: { [`${HOST}:443`]: upstream.port },
  });
  opened.push(world, upstream);
  return world;
}

describe("a budget of bytes", () => {
  it.each(["ping", "pong"] as const)(
    "counts each %s, and ends the connection with the one that is too many",
    async (kind) => {
      const upstream = await startWebSocketUpstream();
      const world = await worldOf(upstream, { budget: { requestBytes: 2_000 } });
      const { socket, said } = await openWebSocket(world, `wss://${HOST}/`);
      for (let n = 0; n < 100; n += 1) socket[kind](Buffer.alloc(100, "x"));
      await once(socket, "close");
      expect(said.at(-1)).toMatch(/^close:1008:BudgetExceeded/);
      const heard = upstream.conversations[0]?.said.filter((one) => one.startsWith(kind)).length ?? 0;
      expect(heard).toBeGreaterThan(5);
      expect(heard * 102).toBeLessThan(2_000);
    },
  );

  it("counts the words with which a connection is closed", async () => {
    const upstream = await startWebSocketUpstream();
    const world = await worldOf(upstream, { budget: { requestBytes: 120 } });
    const { socket } = await openWebSocket(world, `wss://${HOST}/`);
    socket.close(1000, "y".repeat(123));
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "BudgetExceeded" });
    expect(upstream.bytes()).not.toContain("yyyy");
  });

  it.each(["full", "inject-only"])("counts trailers (scan %s)", async (scan) => {
    const upstream = await startHttp2Upstream();
    const world = await worldOf(upstream, {
      ...{ scan, scanReason: "a test" },
      budget: { requestBytes: 1_000 },
    });
    const session = await openHttp2(world, `${HOST}:443`);
    const stream = session.request({ ":path": "/", ":method": "POST" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-carried": "z".repeat(1_000) }));
    stream.end("body");
    await answerOf(stream);
    await expect.poll(() => world.audit.at(-1)?.code).toBe("BudgetExceeded");
    expect(JSON.stringify(upstream.seen)).not.toContain("zzzz");
    session.destroy();
  });
});

const LARGE = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`x-large-${n}`, "l".repeat(3_500)]));

describe("trailers that are larger than anybody needs", () => {
  it("do not leave", async () => {
    const upstream = await startHttp2Upstream();
    const world = await worldOf(upstream);
    const session = await openHttp2(world, `${HOST}:443`);
    const stream = session.request({ ":path": "/", ":method": "POST" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(LARGE));
    stream.end("body");
    await answerOf(stream);
    await expect.poll(() => world.audit.length).toBeGreaterThan(0);
    expect(world.audit.at(-1)?.verdict).not.toBe("allow");
    expect(JSON.stringify(upstream.seen)).not.toContain("llll");
    session.destroy();
  });

  it("break off an answer over HTTP/2", async () => {
    const upstream = await startHttp2Upstream((stream) => {
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers(LARGE));
      stream.end("x");
    });
    const world = await worldOf(upstream);
    const session = await openHttp2(world, `${HOST}:443`);
    const answer = await answerOf(session.request({ ":path": "/" }));
    expect(answer.code).not.toBe(0);
    expect(JSON.stringify(answer.trailers)).not.toContain("llll");
    await expect.poll(() => world.audit.at(-1)?.verdict).toBe("error");
    session.destroy();
  });

  it("break off an answer over HTTP/1.1", async () => {
    const lines = Object.entries(LARGE).map(([name, value]) => `${name}: ${value}\r\n`);
    const upstream = await startUpstream({
      answer: (_request, { socket }) =>
        void socket?.end(
          `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n${lines.join("")}\r\n`,
        ),
    });
    const world = await worldOf(upstream);
    const session = await openHttp2(world, `${HOST}:443`);
    const answer = await answerOf(session.request({ ":path": "/" }));
    expect(answer.code).not.toBe(0);
    expect(JSON.stringify(answer.trailers)).not.toContain("llll");
    await expect.poll(() => world.audit.at(-1)?.verdict).toBe("error");
    session.destroy();
  });
});
