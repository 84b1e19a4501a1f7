import { once } from "node:events";
import type { Socket } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, exchange } from "../integration/egress/client.ts";
import { startWorld, type World } from "../integration/egress/kit.ts";
import { Comparison, NUMBER, startHttp1Witness } from "./egress-framing-kit.ts";
import { fuzzTime } from "./fuzz-time.ts";

/**
 * Whatever bytes come from the agent over HTTP/1.1: nothing crashes, and an upstream gets no request but one that was
 * decided on and recorded, and gets it as it was recorded.
 */

const HOST = "a.example.com";
let upstream: Awaited<ReturnType<typeof startHttp1Witness>>;
let world: World;
let comparison: Comparison;

beforeAll(async () => {
  upstream = await startHttp1Witness();
  world = await startWorld({
    egress: {
      routes: [
        { name: "held", host: HOST, methods: ["GET", "POST", "HEAD"], paths: ["/v1/"] },
        {
          name: "streamed",
          host: HOST,
          methods: ["POST"],
          paths: ["/v1/s/"],
          scan: "inject-only",
          scanReason: "a test",
        },
      ],
    },
    overrides: { [`${HOST}:80`]: upstream.port },
    headersTimeoutMs: 1_500,
  });
  comparison = new Comparison(world.audit, upstream.arrived);
});

afterAll(async () => {
  await world.close();
  upstream.close();
});

const targets = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      `/v1/x/${NUMBER}`,
      `/v1/s/${NUMBER}`,
      `/v1/${NUMBER}?q=../%2e%2e/a&q=1`,
      `/v1/a%2Fb/${NUMBER}?`,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      `/v1/../admin/${NUMBER}`,
      `/admin/${NUMBER}`,
      `http://${HOST}/v1/y/${NUMBER}?a#b`,
      `http://evil.example/${NUMBER}`,
      "*",
      `/v1/%2e%2e/a/${NUMBER}`,
      `/v1/./y/../x/${NUMBER}?x`,
    ),
  },
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
  `0\r\n\r\nGET /admin/${NUMBER} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
  `GET /admin/${NUMBER} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
  `GET /v1/z/${NUMBER} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
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
/** What is meant well, with the framing that its body has. */
const request = fc
  .record({
    method: fc.constantFrom("GET", "POST", "POST", "HEAD"),
    target: targets,
    parts: fc.array(fc.constantFrom("a", "0\r\n\r\n", "hello", `GET /admin/${NUMBER} HTTP/1.1\r\n\r\n`), {
      maxLength: 3,
    }),
    framing: fc.constantFrom("length", "chunked", "chunked", "none"),
    trailer: fc.constantFrom("", "", "X-T: 1\r\n", "Content-Length: 3\r\n", "Host: evil.example\r\n"),
    extra: fc.array(field, { maxLength: 1 }),
  })
  .map(({ method, target, parts, framing, trailer, extra }) => {
    const fields = [`Host: ${HOST}`, ...extra];
    const text = parts.join("");
    const start = `${method} ${target} HTTP/1.1`;
    if (framing === "none") return [start, ...fields, "", ""].join("\r\n");
    // a number that is put in later makes the length a lie
    if (framing === "length")
      return [start, ...fields, `Content-Length: ${text.length}`, "", text].join("\r\n");
    const chunks = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("");
    return [start, ...fields, "Transfer-Encoding: chunked", "", `${chunks}0\r\n${trailer}`, ""].join("\r\n");
  });

/** Bytes that are put in, in place of others. */
const damage = fc.array(
  fc.tuple(fc.nat(400), fc.constantFrom("\0", "\n", "\r", " ", "\t", ":", "\xff", "0", "\r\n")),
  { maxLength: 2 },
);
const connection = fc
  .tuple(
    fc.array(fc.oneof({ weight: 3, arbitrary: request }, { weight: 1, arbitrary: message }), {
      minLength: 1,
      maxLength: 3,
    }),
    fc.oneof(fc.constant([]), damage),
  )
  .map(([messages, edits]) => {
    let text = messages.join("");
    for (const [at, put] of edits) {
      // a number that is damaged may be that of another request
      if (!text.slice(Math.max(0, at - 2), at + 2).includes(NUMBER))
        text = text.slice(0, at) + put + text.slice(at + 1);
    }
    return text;
  });

/** With it the proxy ends the connection, if what came before it was whole. */
const LAST = `GET /v1/last/${NUMBER} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;

/** Sends bytes, waits for the end of the connection, and compares what arrived with what was recorded. */
async function tryOut(socket: Socket, text: string): Promise<void> {
  socket.on("error", () => undefined).resume();
  const closed = once(socket, "close");
  socket.write(Buffer.from(comparison.number(text + LAST), "latin1"));
  // of a request that is not whole nothing comes back; and who ends his side is taken for one that has gone
  let isAnswered = true;
  while (isAnswered && !socket.closed) {
    const answer = once(socket, "data", { signal: AbortSignal.timeout(60) });
    isAnswered = (await Promise.race([answer.catch(() => undefined), closed])) !== undefined;
  }
  socket.end();
  await closed;
  await comparison.expectDecided();
  expect(upstream.malformed).toEqual([]);
}

describe("any bytes from the agent", () => {
  const time = fuzzTime(6);
  it(
    "over HTTP/1.1 lead to no request that was not decided on",
    async () => {
      await fc.assert(
        fc.asyncProperty(connection, async (text) => {
          const { socket } = await connect(world, `${HOST}:80`);
          await tryOut(socket, text);
        }),
        time,
      );
      const { socket } = await connect(world, `${HOST}:80`);
      expect((await exchange(socket, `GET /v1/ok HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`)).status).toBe(200);
      expect(upstream.arrived.length).toBeGreaterThan(1);
      const broken = upstream.arrived.filter(({ isWhole }) => isWhole === false).length;
      console.log(
        `${upstream.arrived.length} requests arrived, ${broken} broken off, ${world.audit.length} records`,
      );
    },
    time.timeoutMs,
  );
});
