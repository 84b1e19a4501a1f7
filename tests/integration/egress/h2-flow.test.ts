import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream, ServerHttp2Stream } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { openHttp2 } from "./h2-client.ts";
import { type Http2Upstream, type OnStream, startHttp2Upstream } from "./h2-kit.ts";
import { startWorld, type World } from "./kit.ts";

/** Large bodies over HTTP/2: they pass, in little memory, and no faster than whoever reads them. */

const HOST = "large.example.com";
const MIB = 1024 * 1024;
const TOTAL = 100 * MIB;
const CHUNK = Buffer.alloc(128 * 1024, "x");
const opened: (Http2Upstream | World | ClientHttp2Session)[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function sessionOf(onStream: OnStream): Promise<ClientHttp2Session> {
  const upstream = await startHttp2Upstream(onStream);
  const world = await startWorld({
    egress: { routes: [{ host: HOST, methods: ["*"], scan: "inject-only" }] },
    overrides: { [`${HOST}:443`]: upstream.port },
  });
  const session = await openHttp2(world, `${HOST}:443`);
  opened.push(session, world, upstream);
  return session;
}

/** Writes as fast as it is taken; says how much was. */
function pump(stream: ClientHttp2Stream | ServerHttp2Stream, total: number): { sent: number } {
  const state = { sent: 0 };
  const go = (): void => {
    while (state.sent < total) {
      state.sent += CHUNK.length;
      if (!stream.write(CHUNK)) return void stream.once("drain", go);
    }
    stream.end();
  };
  go();
  return state;
}

const settled = async (of: { sent: number }): Promise<number> => {
  let before = -1;
  while (of.sent !== before) {
    before = of.sent;
    await sleep(300);
  }
  return before;
};

describe("100 MB over HTTP/2", () => {
  it("come down whole, and wait for an agent that does not read", async () => {
    let down: { sent: number } = { sent: 0 };
    const session = await sessionOf((stream) => {
      stream.respond({ ":status": 200, "content-length": `${TOTAL}` });
      down = pump(stream, TOTAL);
    });
    const stream = session.request({ ":path": "/" });
    await once(stream, "response");
    stream.pause();
    await expect.poll(() => down.sent).toBeGreaterThan(0);
    expect(await settled(down)).toBeLessThan(8 * MIB);
    let received = 0;
    stream.on("data", (chunk: Buffer) => (received += chunk.length));
    stream.resume();
    await once(stream, "end");
    expect(received).toBe(TOTAL);
  });

  it("go up whole, and wait for an upstream that does not read", async () => {
    let received = 0;
    let read: () => void = () => undefined;
    const session = await sessionOf((stream) => {
      stream.pause();
      read = () => {
        stream.on("data", (chunk: Buffer) => (received += chunk.length));
        stream.on("end", () => {
          stream.respond({ ":status": 200 });
          stream.end();
        });
        stream.resume();
      };
    });
    const stream = session.request({ ":path": "/", ":method": "POST" });
    const up = pump(stream, TOTAL);
    await expect.poll(() => up.sent).toBeGreaterThan(0);
    expect(await settled(up)).toBeLessThan(8 * MIB);
    read();
    await once(stream, "response");
    expect(received).toBe(TOTAL);
  });

  it("pass others by that nobody reads on the same connection", async () => {
    const session = await sessionOf((stream, headers) => {
      stream.respond({ ":status": 200 });
      if (headers[":path"] === "/large") pump(stream, TOTAL);
      else stream.end("small");
    });
    const stalled = session.request({ ":path": "/large" });
    await once(stalled, "response");
    stalled.pause();
    for (let n = 0; n < 20; n += 1) {
      const stream = session.request({ ":path": "/small" }).setEncoding("utf8");
      let body = "";
      stream.on("data", (text: string) => (body += text));
      await once(stream, "end");
      expect(body).toBe("small");
    }
    stalled.close();
  });
});
