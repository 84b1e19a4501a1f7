import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LeafCertificates } from "../../sidecars/egress/certificates/leaves.ts";
import {
  block,
  END_HEADERS,
  END_STREAM,
  frame,
  FRAMES,
  number32,
  PREFACE,
} from "../fixtures/http2-frames.ts";
import { openAlpn } from "../integration/egress/h2-client.ts";
import { startWorld, upstreamAuthority, type World } from "../integration/egress/kit.ts";
import { type Arrived, Comparison, NUMBER, startHttp1Witness } from "./egress-framing-kit.ts";
import { fuzzTime } from "./fuzz-time.ts";

/**
 * Whatever frames come from the agent over HTTP/2: nothing crashes, and an upstream gets no request but one that was
 * decided on and recorded, and gets it as it was recorded, over HTTP/2 and over HTTP/1.1.
 */

const OVER_2 = "two.example.com";
const OVER_1 = "one.example.com";
let second: Awaited<ReturnType<typeof startHttp2Witness>>;
let first: Awaited<ReturnType<typeof startHttp1Witness>>;
let world: World;
const arrived: Arrived[] = [];
let comparison: Comparison;

beforeAll(async () => {
  second = await startHttp2Witness();
  first = await startHttp1Witness(arrived, true);
  const routes = [OVER_1, OVER_2].flatMap((host) => [
    { name: `held-${host}`, host, methods: ["GET", "POST", "HEAD"], paths: ["/v1/"] },
    {
      ...{ name: `streamed-${host}`, host, methods: ["POST"], paths: ["/v1/s/"] },
      ...{ scan: "inject-only" as const, scanReason: "a test" },
    },
  ]);
  world = await startWorld({
    egress: { routes },
    overrides: { [`${OVER_2}:443`]: second.port, [`${OVER_1}:443`]: first.port },
    headersTimeoutMs: 1_500,
    // a session that node has given up is seen to be dead by this alone
    keepAliveMs: 500,
  });
  comparison = new Comparison(world.audit, arrived);
});

afterAll(async () => {
  await world.close();
  first.close();
  second.close();
});

/** An upstream that writes streams down as they begin, and answers when they have ended. */
async function startHttp2Witness(): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const leaves = new LeafCertificates(upstreamAuthority);
  const server = http2.createSecureServer({
    SNICallback: (name, done) => done(null, leaves.contextFor(name)),
  });
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.on("stream", (stream, headers) => {
    const one: Arrived = {
      method: headers[":method"] ?? "",
      authority: headers[":authority"] ?? "",
      target: headers[":path"] ?? "",
      bodyBytes: 0,
      isWhole: undefined,
    };
    arrived.push(one);
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => (one.bodyBytes += chunk.length));
    stream.on("end", () => {
      if (stream.aborted || stream.destroyed) return;
      one.isWhole = true;
      stream.respond({ ":status": 200 });
      stream.end("ok");
    });
    stream.on("close", () => (one.isWhole ??= false));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

type Field = readonly [name: string, value: string];

const HOST = "@host";
const odd: Field[] = [
  ["host", HOST],
  ["host", "evil.example"],
  ["content-length", "5"],
  ["content-length", "0"],
  ["transfer-encoding", "chunked"],
  ["connection", "close"],
  ["te", "gzip"],
  ["X-Upper", "1"],
  ["x-a", "1\r\nhost: evil.example"],
  ["x-a", "\0"],
  ["cookie", "a=1"],
  ["expect", "100-continue"],
  ["x-http-method-override", "DELETE"],
  [":path", `/admin/${NUMBER}`],
  [":authority", "evil.example"],
  [":protocol", "websocket"],
  [":method", "DELETE"],
];
const allowed = [`/v1/x/${NUMBER}`, `/v1/s/${NUMBER}`, `/v1/s/${NUMBER}?a=../b`, `/v1/${NUMBER}?`];
const refused = [
  ...[`/v1/../admin/${NUMBER}`, `/admin/${NUMBER}`, `/v1/%2e%2e/a/${NUMBER}`],
  ...[`https://evil.example/${NUMBER}`, "*"],
];
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

/** Fields of a head that mostly is one, in an order that mostly is right. */
const head = fc
  .record({
    method: fc.constantFrom("GET", "POST", "POST", "POST", "POST", "HEAD", "DELETE"),
    scheme: mostly("https", "http", ""),
    authority: mostly(HOST, "evil.example", `me@${HOST}`, `${HOST}:444`),
    path: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...allowed) },
      { weight: 1, arbitrary: fc.constantFrom(...refused) },
    ),
    extra: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.constantFrom(...odd), { maxLength: 2 }) },
    ),
    isMixed: mostly(false, true),
  })
  .map(({ method, scheme, authority, path, extra, isMixed }): Field[] => {
    const pseudo: Field[] = [
      [":method", method],
      [":scheme", scheme],
      [":authority", authority],
      [":path", path],
    ];
    return isMixed ? [...extra, ...pseudo] : [...pseudo, ...extra];
  });

/** What is done to a stream after its head, each with the number of the stream. */
type Deed = (stream: number) => Buffer;
const data =
  (text: string, flags: number): Deed =>
  (stream) =>
    frame(FRAMES.data, flags, stream, Buffer.from(text));
const PADDED = 8;
const harmless = fc.constantFrom<Deed>(
  ...[data("hello", 0), data("", 0), data("0\r\n\r\n", 0), data("x".repeat(9_000), 0)],
  ...[data("\x02hello..", PADDED), data("hello", END_STREAM)],
  (stream) => frame(FRAMES.headers, END_HEADERS | END_STREAM, stream, block([["x-trailer", "1"]])),
  (stream) => frame(FRAMES.reset, 0, stream, number32(8)),
  (stream) => frame(FRAMES.window, 0, stream, number32(1_000)),
);
/** What breaks the stream or the session. */
const harmful = fc.constantFrom<Deed>(
  data("\xffpad", PADDED),
  (stream) => frame(FRAMES.headers, END_HEADERS | END_STREAM, stream, block([[":path", "/admin"]])),
  (stream) => frame(FRAMES.headers, END_HEADERS, stream, block([["x-trailer", "1"]])),
  (stream) => frame(FRAMES.reset, 0, stream, number32(0)),
  (stream) => frame(FRAMES.window, 0, stream, number32(0x7fffffff)),
  (stream) => frame(FRAMES.window, 0, stream, number32(0)),
  (stream) => frame(FRAMES.priority, 0, stream, Buffer.from([0, 0, 0, 0, 16])),
  (stream) => frame(FRAMES.continuation, END_HEADERS, stream, block([["x-late", "1"]])),
);
const deed = fc.oneof({ weight: 20, arbitrary: harmless }, { weight: 1, arbitrary: harmful });
/** What is done to the session in between. */
const between: fc.Arbitrary<Deed> = fc.constantFrom<Deed>(
  () => frame(FRAMES.ping, 0, 0, Buffer.alloc(8)),
  () => frame(FRAMES.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])),
  () => frame(FRAMES.settings, 0, 0, Buffer.from([0, 4, 0, 1, 0, 0])),
  () => frame(FRAMES.settings, 0, 0, Buffer.from([0, 1, 0, 0, 0, 0])),
  () => frame(FRAMES.window, 0, 0, number32(70_000)),
  () => frame(FRAMES.goAway, 0, 0, number32(0, 0)),
  () => frame(FRAMES.push, END_HEADERS, 1, number32(2)),
  () => frame(FRAMES.data, 0, 0, Buffer.from("x")),
  () => frame(0x42, 0, 1, Buffer.from("unknown")),
);

/** A stream: its head, in one frame or several, and what follows. */
const stream = fc.record({
  head,
  isAlone: fc.boolean(),
  cuts: fc.array(fc.nat(60), { maxLength: 2 }),
  deeds: fc.array(deed, { maxLength: 4 }),
  hasEnd: mostly(true, false),
  between: fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: between }),
});
const session = fc.record({
  host: fc.constantFrom(OVER_1, OVER_2),
  streams: fc.array(stream, { minLength: 1, maxLength: 12 }),
  // frames of streams one after the other, or in turns
  isInTurns: fc.boolean(),
  damage: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(2_000), fc.nat(255)) },
  ),
});

function framesOf(
  { head: fields, isAlone, cuts, deeds, hasEnd, between: other }: Made<typeof stream>,
  id: number,
  host: string,
): Buffer[] {
  const bytes = block(
    fields.map(([name, value]) => [name, comparison.number(value.replaceAll(HOST, host))] as const),
  );
  const at = [
    0,
    ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((one, two) => one - two),
    bytes.length,
  ];
  const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
  const heads = pieces.map((piece, index) =>
    frame(
      index === 0 ? FRAMES.headers : FRAMES.continuation,
      (index === pieces.length - 1 ? END_HEADERS : 0) | (index === 0 && isAlone ? END_STREAM : 0),
      id,
      piece,
    ),
  );
  const rest = isAlone ? [] : deeds.map((act) => act(id));
  const end = isAlone || !hasEnd ? [] : [frame(FRAMES.data, END_STREAM, id)];
  return [Buffer.concat(heads), ...rest, ...(other === undefined ? [] : [other(id)]), ...end];
}
type Made<A> = A extends fc.Arbitrary<infer T> ? T : never;

function bytesOf({ host, streams, isInTurns, damage }: Made<typeof session>): Buffer {
  const rows = streams.map((one, index) => framesOf(one, 2 * index + 1, host));
  const longest = Math.max(...rows.map(({ length }) => length));
  const frames = isInTurns
    ? Array.from({ length: longest }, (_, turn) => rows.flatMap((row) => row.slice(turn, turn + 1))).flat()
    : rows.flat();
  const bytes = Buffer.concat([PREFACE, ...frames]);
  // a number of a request is damaged to one that is none, and the query behind it is compared
  if (damage !== undefined && damage[0] < bytes.length && !isOfNumber(bytes, damage[0]))
    bytes[damage[0]] = damage[1];
  return bytes;
}

function isOfNumber(bytes: Buffer, at: number): boolean {
  const text = bytes.subarray(Math.max(0, at - 20), at + 3).toString("latin1");
  return /n\d+[?a=./b]*.{0,2}$/s.test(text) || /n\d|\d\d/.test(text.slice(-5));
}

/** Sends frames and waits until the proxy has answered what came after them, or has closed the connection. */
async function tryOut(socket: TLSSocket, bytes: Buffer): Promise<void> {
  const closed = once(socket, "close");
  socket.on("error", () => undefined).resume();
  socket.write(bytes);
  // a session that was broken may say nothing more, and be closed later
  const silence = AbortSignal.timeout(300);
  for (let round = 0; round < 12 && socket.writable && !silence.aborted; round += 1) {
    socket.write(frame(FRAMES.ping, 0, 0, Buffer.alloc(8)));
    const answered = once(socket, "data", { signal: silence }).catch(() => undefined);
    await Promise.race([answered, closed]);
  }
  socket.destroy();
  await closed;
  await comparison.expectDecided();
  expect(first.malformed).toEqual([]);
}

describe("any frames from the agent", () => {
  const time = fuzzTime(6);
  it(
    "over HTTP/2 lead to no request that was not decided on",
    async () => {
      await fc.assert(
        fc.asyncProperty(session, async (one) => {
          await tryOut(await openAlpn(world, `${one.host}:443`, ["h2"]), bytesOf(one));
        }),
        time,
      );
      const whole = arrived.filter(({ isWhole }) => isWhole).length;
      console.log(`${arrived.length} requests arrived, ${whole} whole, ${world.audit.length} records`);
      expect(whole).toBeGreaterThan(0);
    },
    time.timeoutMs,
  );
});
