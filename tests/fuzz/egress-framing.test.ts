import { once } from "node:events";
import type { Socket } from "node:net";
import { setImmediate as tick } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, exchange } from "../integration/egress/client.ts";
import { openAlpn } from "../integration/egress/h2-client.ts";
import { type Http2Upstream, startHttp2Upstream } from "../integration/egress/h2-kit.ts";
import { startUpstream, startWorld, type Upstream, type World } from "../integration/egress/kit.ts";
import type { AuditRecord } from "../../sidecars/wire/audit.ts";
import { fuzzTime } from "./fuzz-time.ts";

/**
 * Whatever bytes come from the agent: nothing crashes, and an upstream gets no request but one that was decided on and
 * recorded, with that method and that path.
 */

const HOST = "a.example.com";
const HOST2 = "b.example.com";
let plain: Upstream;
let secure: Http2Upstream;
let world: World;

beforeAll(async () => {
  plain = await startUpstream({ plain: true });
  secure = await startHttp2Upstream((stream) => {
    stream.respond({ ":status": 200 });
    stream.end("ok");
  });
  world = await startWorld({
    egress: {
      routes: [HOST, HOST2].map((host) => ({ host, methods: ["GET", "POST", "HEAD"], paths: ["/v1/"] })),
    },
    overrides: { [`${HOST}:80`]: plain.port, [`${HOST2}:443`]: secure.port },
    headersTimeoutMs: 1_500,
  });
});

afterAll(async () => {
  await world.close();
  plain.close();
  secure.close();
});

interface Arrived {
  readonly method: string;
  readonly path: string;
}

/** Sends bytes, waits for the end of the connection, and compares what arrived with what was recorded. */
async function tryOut(
  socket: Socket,
  bytes: Buffer,
  arrived: () => Arrived[],
  beforeEnd: (socket: Socket) => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const seenBefore = arrived().length;
  socket.on("error", () => undefined).resume();
  const closed = once(socket, "close");
  socket.write(bytes);
  await Promise.race([beforeEnd(socket), closed]);
  socket.end();
  await closed;
  for (let n = 0; n < 20; n += 1) await tick();
  for (const { method, path } of arrived().slice(seenBefore)) {
    expect(path).toMatch(/^\/v1\//);
    // one may arrive when its agent is gone and others are tried: it was recorded before
    const isIt = (record: AuditRecord): boolean =>
      record.verdict !== "deny" && record.method === method && record.path === path;
    expect([`${method} ${path}`, world.audit.some(isIt)]).toEqual([`${method} ${path}`, true]);
  }
}

/** Round trips on the connection: without them the agent is gone before an upstream is asked. A broken frame ends them. */
async function ping(socket: Socket): Promise<void> {
  for (let n = 0; n < 6 && socket.writable; n += 1) {
    socket.write(PING);
    const answered = await once(socket, "data", { signal: AbortSignal.timeout(60) }).catch(() => undefined);
    if (answered === undefined) return;
  }
}

const pathOf = (url: string): string => url.replace(/\?.*/s, "");
const over1 = (): Arrived[] => plain.seen.map(({ method, url }) => ({ method, path: pathOf(url) }));
const over2 = (): Arrived[] =>
  secure.seen.map(({ headers }) => ({ method: headers[":method"]!, path: pathOf(headers[":path"]!) }));

const targets = fc.constantFrom(
  "/v1/x",
  "/v1/../admin",
  "/admin",
  `http://${HOST}/v1/y`,
  "http://evil.example/",
  "*",
  "/v1/%2e%2e/a",
);
const field = fc.constantFrom(
  `Host: ${HOST}`,
  "Host: evil.example",
  "Content-Length: 0",
  "Content-Length: 5",
  "Content-Length: 40",
  "Content-Length: 5, 5",
  "Content-Length: +5",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: chunked, chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding : chunked",
  "Transfer-Encoding: \x0bchunked",
  " Transfer-Encoding: chunked",
  "X-A: 1\r\n folded: 2",
  "X-A: 1\nHost: evil.example",
  "X-A: a\rb",
  "Connection: close, content-length",
  "Upgrade: h2c",
  "HTTP2-Settings: AAMAAABkAAQAAP__",
  "Expect: 100-continue",
  "Trailer: host",
  "X-Http-Method-Override: DELETE",
);
const bodies = fc.constantFrom(
  "",
  "hello",
  "0\r\n\r\n",
  "5\r\nhello\r\n0\r\n\r\n",
  "5;a=b\r\nhello\r\n0\r\nHost: evil.example\r\n\r\n",
  `0\r\n\r\nGET /admin HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
  `GET /admin HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
  `GET /v1/z HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
  "5\nhello\n0\n\n",
  "-1\r\nx\r\n",
  "fffffffffffffffff\r\nx",
);
const message = fc
  .record({
    method: fc.constantFrom(
      "GET",
      "POST",
      "POST",
      "POST",
      "HEAD",
      "get",
      "DELETE",
      "CONNECT",
      "PRI",
      "OPTIONS",
    ),
    target: targets,
    version: fc.constantFrom(
      ..."1111".split("").map(() => "HTTP/1.1"),
      "HTTP/1.0",
      "HTTP/2.0",
      "http/1.1",
      "",
    ),
    end: fc.constantFrom(..."123456".split("").map(() => "\r\n"), "\n", "\r"),
    fields: fc.array(field, { maxLength: 4 }),
    isNamed: fc.boolean(),
    body: bodies,
  })
  .map(({ method, target, version, end, fields, isNamed, body }) =>
    [`${method} ${target} ${version}`, ...(isNamed ? [`Host: ${HOST}`] : []), ...fields, "", body].join(end),
  );
/** Bytes that are put in, in place of others. */
const damage = fc.array(
  fc.tuple(fc.nat(400), fc.constantFrom("\0", "\n", "\r", " ", "\t", ":", "\xff", "0", "\r\n")),
  {
    maxLength: 2,
  },
);
const bytes1 = fc
  .tuple(fc.array(message, { minLength: 1, maxLength: 3 }), damage)
  .map(([messages, edits]) => {
    let text = messages.join("");
    for (const [at, put] of edits) text = text.slice(0, at) + put + text.slice(at + 1);
    return Buffer.from(text, "latin1");
  });

const literal = (name: string, value: string): number[] => [
  0,
  ...[name.length, ...Buffer.from(name, "latin1")],
  ...[value.length, ...Buffer.from(value, "latin1")],
];
const block = fc
  .array(
    fc.constantFrom(
      ...([
        [":method", "GET"],
        [":method", "POST"],
        [":method", "CONNECT"],
        [":scheme", "https"],
        [":scheme", "http"],
        [":authority", HOST2],
        [":authority", "evil.example"],
        [":path", "/v1/x"],
        [":path", "/admin"],
        [":path", "/v1/../admin"],
        [":path", `https://evil.example/v1/`],
        [":protocol", "websocket"],
        ["host", HOST2],
        ["host", "evil.example"],
        ["content-length", "5"],
        ["transfer-encoding", "chunked"],
        ["connection", "close"],
        ["te", "trailers"],
        ["te", "gzip"],
        ["X-Upper", "1"],
        ["x-a", "1\r\nhost: evil.example"],
        ["x-a", "\0"],
        ["cookie", "a=1"],
        ["cookie", "b=2"],
      ] as [string, string][]),
    ),
    { maxLength: 4 },
  )
  .chain((extra) =>
    fc.boolean().map((isWhole) => {
      const whole: [string, string][] = [
        [":method", "GET"],
        [":scheme", "https"],
        [":authority", HOST2],
        [":path", "/v1/x"],
      ];
      return Buffer.from(
        [...(isWhole ? whole : []), ...extra].flatMap(([name, value]) => literal(name, value)),
      );
    }),
  );
const payload = fc.oneof(
  { weight: 5, arbitrary: block },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)) },
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(4, 1)) },
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(8)) },
);
const frame = fc
  .record({
    type: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 3, arbitrary: fc.nat(12) }),
    flags: fc.constantFrom(0, 1, 4, 5, 5, 5, 0x0d, 0x25, 0xff),
    stream: fc.constantFrom(0, 1, 1, 3, 3, 5, 2, 0x7fffffff),
    payload,
    lie: fc.constantFrom(0, 0, 0, 0, 1, -1),
  })
  .map(({ type, flags, stream, payload: body, lie }) =>
    Buffer.concat([headOf(Math.max(0, body.length + lie), type, flags, stream), body]),
  );
const PING = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");
const opening = fc
  .tuple(block, fc.constantFrom(4, 5))
  .map(([body, flags]) => Buffer.concat([headOf(body.length, 1, flags, 1), body]));
const bytes2 = fc
  .tuple(opening, fc.array(frame, { maxLength: 5 }))
  .map(([first, frames]) => Buffer.concat([PREFACE, first, ...frames]));

function headOf(length: number, type: number, flags: number, stream: number): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return head;
}

describe("any bytes from the agent", () => {
  const time1 = fuzzTime(6);
  it(
    "over HTTP/1.1 lead to no request that was not decided on",
    async () => {
      await fc.assert(
        fc.asyncProperty(bytes1, async (bytes) => {
          const { socket } = await connect(world, `${HOST}:80`);
          await tryOut(socket, bytes, over1);
        }),
        time1,
      );
      const { socket } = await connect(world, `${HOST}:80`);
      expect((await exchange(socket, `GET /v1/ok HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`)).status).toBe(200);
      expect(plain.seen.length).toBeGreaterThan(0);
      console.log(`${plain.seen.length} requests arrived, ${world.audit.length} records`);
    },
    time1.timeoutMs,
  );

  const time2 = fuzzTime(6);
  it(
    "over HTTP/2 lead to no request that was not decided on",
    async () => {
      await fc.assert(
        fc.asyncProperty(bytes2, async (bytes) => {
          await tryOut(await openAlpn(world, `${HOST2}:443`, ["h2"]), bytes, over2, ping);
        }),
        time2,
      );
      expect(secure.seen.length).toBeGreaterThan(0);
      console.log(`${secure.seen.length} streams arrived, ${world.audit.length} records`);
    },
    time2.timeoutMs,
  );
});
