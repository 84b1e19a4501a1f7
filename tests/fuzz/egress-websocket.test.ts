import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fuzzTime } from "./fuzz-time.ts";
import { aSecret, startWorld, type World } from "../integration/egress/kit.ts";
import { openTls } from "../integration/egress/client.ts";
import { startWebSocketUpstream, type WebSocketUpstream } from "../integration/egress/websocket-kit.ts";

const HOST = "model.example";
const SECRET = "the-real-credential-of-this-route";
const { seed, timeoutMs, interruptAfterTimeLimit } = fuzzTime(5);

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

type Random = ReturnType<typeof randomOf>;

/** A frame that is right more often than not: wrong opcodes, bits, lengths and masks come in between. */
function aFrame(random: Random, payload: Buffer): Buffer {
  const opcode = random(8) === 0 ? random(16) : [0, 1, 2, 1, 2, 8, 9, 10][random(8)]!;
  const first = (random(4) === 0 ? 0 : 0x80) | (random(12) === 0 ? random(8) << 4 : 0) | opcode;
  const isMasked = random(16) !== 0;
  const length = aLength(random, random(16) === 0 ? random(70_000) : payload.length);
  length[0]! |= isMasked ? 0x80 : 0;
  const mask = Buffer.from([random(256), random(256), random(256), random(256)]);
  const body = isMasked ? Buffer.from(payload.map((byte, index) => byte ^ mask[index % 4]!)) : payload;
  return Buffer.concat([Buffer.from([first]), length, ...(isMasked ? [mask] : []), body]);
}

/** In one, three or nine bytes, at times more than it takes. */
function aLength(random: Random, told: number): Buffer {
  if (told < 126 && random(8) !== 0) return Buffer.from([told]);
  if (told < 65_536 && random(8) !== 0) return Buffer.from([126, told >> 8, told & 0xff]);
  const highest = random(20) === 0 ? random(256) : 0;
  return Buffer.from([127, highest, 0, 0, 0, 0, told >> 16, (told >> 8) & 0xff, told & 0xff]);
}

/** The secret, a piece of it, text, or noise. */
function aPayload(random: Random): Buffer {
  switch (random(6)) {
    case 0:
      return Buffer.from(SECRET);
    case 1:
      return Buffer.from(SECRET.slice(0, random(SECRET.length)));
    case 2:
      return Buffer.from(SECRET.slice(random(SECRET.length)));
    case 3:
      return Buffer.from(Array.from({ length: random(300) }, () => random(256)));
    case 4:
      return Buffer.alloc(0);
    default:
      return Buffer.from(`{"n":${random(1_000)}}`);
  }
}

describe("frames of any kind", () => {
  let upstream: WebSocketUpstream;
  let world: World;
  beforeAll(async () => {
    upstream = await startWebSocketUpstream({ server: { perMessageDeflate: true }, talk: () => undefined });
    world = await startWorld({
      egress: { routes: [{ host: HOST }] },
      secrets: [aSecret(SECRET, HOST)],
      overrides: { [`${HOST}:443`]: upstream.port },
    });
  });
  afterAll(async () => {
    await world.close();
    upstream.close();
  });

  async function handshake(random: Random): Promise<TLSSocket> {
    const socket = await openTls(world, `${HOST}:443`);
    const extensions = random(2) === 0 ? "" : "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    socket.write(
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n${extensions}\r\n`,
    );
    const [head] = (await once(socket, "data")) as [Buffer];
    expect(head.toString("latin1")).toMatch(/^HTTP\/1\.1 101 /);
    return socket;
  }

  it(
    "bring no secret upstream and end nothing but their own connection",
    { timeout: timeoutMs },
    async () => {
      const random = randomOf(seed);
      const until = performance.now() + interruptAfterTimeLimit;
      let [connections, frames] = [0, 0];
      const under: string[][] = [];
      while (performance.now() < until) {
        const socket = await handshake(random);
        const closed = once(socket, "close");
        socket.resume();
        const count = 1 + random(12);
        for (let frame = 0; frame < count; frame += 1) socket.write(aFrame(random, aPayload(random)));
        socket.end();
        await closed;
        [connections, frames] = [connections + 1, frames + count];
        under.push(...upstream.conversations.splice(0).map(({ said }) => said));
        for (const said of under.splice(0)) {
          const together = said.map((one) => one.replace(/^(?:text|binary):/, "")).join("");
          expect(`${said.join("\n")}\n${together}`, `seed ${seed}`).not.toContain(SECRET);
          // more of it may be on its way
          if (said.at(-1)?.startsWith("close:") !== true) under.push(said);
        }
        world.audit.splice(0);
      }
      console.log(`WebSocket frames: ${frames} on ${connections} connections`);
      const after = await handshake(randomOf(1));
      after.destroy();
      await expect.poll(() => upstream.conversations.length).toBe(1);
    },
  );
});
