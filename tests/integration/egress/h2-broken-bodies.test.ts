import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  block,
  END_HEADERS,
  END_STREAM,
  frame,
  FRAMES,
  number32,
  PREFACE,
} from "../../fixtures/http2-frames.ts";
import { openAlpn } from "./h2-client.ts";
import { type Http2Upstream, startHttp2Upstream } from "./h2-kit.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

/** A body over HTTP/2 that is broken off is never a whole one to an upstream, however it is broken off. */

const CANCEL = 8;
const NO_ERROR = 0;
const HELD = "held.example.com";
const STREAMED = "streamed.example.com";
const WINDOWS = "windows.example.com";
const OVER_HTTP2 = "h2.example.com";
let http1: Upstream;
let http2: Http2Upstream;
let world: World;

beforeAll(async () => {
  http1 = await startUpstream();
  http2 = await startHttp2Upstream((stream) => {
    stream.once("end", () => {
      if (!stream.closed) stream.respond({ ":status": 200 }, { endStream: true });
    });
  });
  world = await startWorld({
    egress: {
      routes: [
        { host: HELD, methods: ["*"] },
        { host: STREAMED, methods: ["*"], scan: "inject-only", scanReason: "a test" },
        { host: WINDOWS, methods: ["*"], scan: "streamed", scanReason: "a test", maxBodyBytes: 1_000 },
        { host: OVER_HTTP2, methods: ["*"], scan: "inject-only", scanReason: "a test" },
      ],
    },
    overrides: {
      [`${HELD}:443`]: http1.port,
      [`${STREAMED}:443`]: http1.port,
      [`${WINDOWS}:443`]: http1.port,
      [`${OVER_HTTP2}:443`]: http2.port,
    },
  });
});

afterAll(async () => {
  await world.close();
  http1.close();
  http2.close();
});

const ends: [string, (socket: TLSSocket) => void][] = [
  ["a reset", (socket) => socket.write(frame(FRAMES.reset, 0, 1, number32(CANCEL)))],
  ["a reset that is no error", (socket) => socket.write(frame(FRAMES.reset, 0, 1, number32(NO_ERROR)))],
  ["the end of the session", (socket) => socket.end(frame(FRAMES.goAway, 0, 0, number32(1, NO_ERROR)))],
  ["the end of the connection", (socket) => socket.end()],
  ["a cut connection", (socket) => socket.destroy()],
  ["a frame that is none", (socket) => socket.write(frame(FRAMES.data, 0, 0, Buffer.from("x")))],
];

const BODY = "the first half".repeat(20_000);

const headOf = (method: string, host: string, path: string, length?: number): Buffer =>
  block([
    [":method", method],
    [":scheme", "https"],
    [":authority", host],
    [":path", path],
    ...(length === undefined ? [] : ([["content-length", `${length}`]] as const)),
  ]);

/** Sends the head of a request and a part of its body. */
async function begin(host: string, length?: number): Promise<TLSSocket> {
  const socket = await openAlpn(world, `${host}:443`, ["h2"]);
  socket.resume();
  const head = headOf("POST", host, "/upload", length);
  socket.write(Buffer.concat([PREFACE, frame(FRAMES.headers, END_HEADERS, 1, head)]));
  for (let at = 0; at < 40_000; at += 10_000) {
    socket.write(frame(FRAMES.data, 0, 1, Buffer.from(BODY.slice(at, at + 10_000))));
  }
  return socket;
}

/** The proxy has taken what came, when it answers what came after. */
async function isTaken(socket: TLSSocket): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    socket.write(frame(FRAMES.ping, 0, 0, Buffer.alloc(8)));
    await once(socket, "data");
  }
}

it("is seen to end when the agent says goodbye and then breaks the protocol", async () => {
  const before = world.audit.length;
  const socket = await openAlpn(world, `${STREAMED}:443`, ["h2"]);
  socket.resume();
  const upload = frame(FRAMES.headers, END_HEADERS, 1, headOf("POST", STREAMED, "/upload"));
  const whole = frame(FRAMES.headers, END_HEADERS | END_STREAM, 3, headOf("GET", STREAMED, "/"));
  const goodbye = frame(FRAMES.goAway, 0, 0, number32(0, NO_ERROR));
  const behindItsEnd = frame(FRAMES.data, END_STREAM, 3);
  socket.write(Buffer.concat([PREFACE, upload, whole, goodbye, behindItsEnd]));
  await once(socket, "data");
  const codesOf = (of: string) =>
    world.audit.slice(before).flatMap(({ path, code }) => (path === of ? code : []));
  await expect.poll(() => codesOf("/")).toHaveLength(1);
  socket.end();
  await expect.poll(() => codesOf("/upload")).toEqual(["ClientGone"]);
  socket.destroy();
});

const lengths = [undefined, 300_000];

describe.each(lengths)("a body of which %s bytes were told", (length) => {
  describe.each(ends)("and that is broken off by %s", (_how, end) => {
    it.each([HELD, STREAMED, WINDOWS])("is no whole one over HTTP/1.1 from %s", async (host) => {
      const [requests, records] = [http1.bytes().length, world.audit.length];
      const socket = await begin(host, length);
      await isTaken(socket);
      end(socket);
      await expect.poll(() => world.audit.length).toBe(records + 1);
      expect(world.audit.at(-1)).toMatchObject({ verdict: "error", code: "ClientGone" });
      const sent = http1.bytes().slice(requests);
      // the last chunk of a body, or as many bytes as were told
      expect(sent).not.toMatch(/\r\n0\r\n\r\n$/);
      expect((sent.split("\r\n\r\n")[1] ?? "").length).toBeLessThan(length ?? Infinity);
      if (host === HELD) expect(sent).toBe("");
      socket.destroy();
    });

    it("is no whole one over HTTP/2", async () => {
      const [streams, records] = [http2.seen.length, world.audit.length];
      const socket = await begin(OVER_HTTP2, length);
      await expect.poll(() => http2.seen.length).toBe(streams + 1);
      end(socket);
      await expect.poll(() => world.audit.length).toBe(records + 1);
      expect(world.audit.at(-1)).toMatchObject({ verdict: "error", code: "ClientGone" });
      await expect.poll(() => http2.seen.slice(streams).map(({ code }) => code)).toEqual([CANCEL]);
      socket.destroy();
    });
  });
});
