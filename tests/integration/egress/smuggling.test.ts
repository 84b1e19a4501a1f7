import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exchange, openTls } from "./client.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "api.example.com";
let upstream: Upstream;
let world: World;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await startWorld({
    egress: { routes: [{ host: HOST, methods: ["GET", "POST"], paths: ["/v1/"] }] },
    overrides: { [`${HOST}:443`]: upstream.port },
  });
});

afterAll(async () => {
  await world.close();
  upstream.close();
});

/** A request that would be refused if it were seen as one. */
const HIDDEN = `GET /admin HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
const post = (headers: string, body: string): string =>
  `POST /v1/x HTTP/1.1\r\nHost: ${HOST}\r\n${headers}\r\n\r\n${body}`;

const ambiguous: [string, string][] = [
  [
    "both lengths",
    post(`Content-Length: ${HIDDEN.length + 5}\r\nTransfer-Encoding: chunked`, `0\r\n\r\n${HIDDEN}`),
  ],
  [
    "both, the other way round",
    post(`Transfer-Encoding: chunked\r\nContent-Length: 4`, `5c\r\n${HIDDEN}\r\n0\r\n\r\n`),
  ],
  ["two lengths that differ", post(`Content-Length: 0\r\nContent-Length: ${HIDDEN.length}`, HIDDEN)],
  ["two lengths that agree", post("Content-Length: 2\r\nContent-Length: 2", "ok")],
  ["a list of lengths", post("Content-Length: 2, 2", "ok")],
  ["a signed length", post("Content-Length: +2", "ok")],
  ["a length in hexadecimal", post("Content-Length: 0x2", "ok")],
  ["a coding that is not chunked", post("Transfer-Encoding: gzip, chunked", "2\r\nok\r\n0\r\n\r\n")],
  ["chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "2\r\nok\r\n0\r\n\r\n")],
  ["chunked and identity", post("Transfer-Encoding: chunked, identity", "2\r\nok\r\n0\r\n\r\n")],
  ["a misspelt coding", post("Transfer-Encoding: xchunked", "2\r\nok\r\n0\r\n\r\n")],
  ["a space before the colon", post("Transfer-Encoding : chunked", "2\r\nok\r\n0\r\n\r\n")],
  ["a folded header", post("X-A: 1\r\n Transfer-Encoding: chunked\r\nContent-Length: 2", "ok")],
  [
    "a chunk size that is too long",
    post("Transfer-Encoding: chunked", `fffffffffffffffff\r\nok\r\n0\r\n\r\n`),
  ],
  ["a chunk size with a sign", post("Transfer-Encoding: chunked", `+2\r\nok\r\n0\r\n\r\n`)],
  ["a chunk that is longer than it says", post("Transfer-Encoding: chunked", `1\r\nok\r\n0\r\n\r\n`)],
  ["two Host headers", `GET /v1/x HTTP/1.1\r\nHost: ${HOST}\r\nHost: evil.example\r\n\r\n`],
  ["no Host header", "GET /v1/x HTTP/1.1\r\nX: 1\r\n\r\n"],
  ["a list in the Host header", `GET /v1/x HTTP/1.1\r\nHost: ${HOST}, evil.example\r\n\r\n`],
  ["a NUL in a header", `GET /v1/x HTTP/1.1\r\nHost: ${HOST}\r\nX: a\0b\r\n\r\n`],
  ["a bare carriage return in a header", `GET /v1/x HTTP/1.1\r\nHost: ${HOST}\r\nX: a\rHost: evil\r\n\r\n`],
  ["line feeds alone", `GET /v1/x HTTP/1.1\nHost: ${HOST}\n\n`],
  ["an unknown method", `FROB /v1/x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
  ["an unknown version", `GET /v1/x HTTP/3.7\r\nHost: ${HOST}\r\n\r\n`],
  ["a fragment in the target", `GET /v1/x#/admin HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
  ["a space in the target", `GET /v1/x /admin HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
  ["a head that is too large", `GET /v1/x HTTP/1.1\r\nHost: ${HOST}\r\nX: ${"x".repeat(70_000)}\r\n\r\n`],
];

describe("a request that servers could read in two ways", () => {
  it.each(ambiguous)("is refused: %s", async (_how, bytes) => {
    const before = upstream.bytes().length;
    const socket = await openTls(world, `${HOST}:443`);
    const answer = await exchange(socket, bytes);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(upstream.bytes()).toHaveLength(before);
    expect(upstream.seen.every(({ url }) => url.startsWith("/v1/"))).toBe(true);
    socket.destroy();
  });

  it("is written anew when it is sent on, so that nothing hidden in a body becomes a request", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    const answer = await exchange(socket, post(`Content-Length: ${HIDDEN.length}`, HIDDEN));
    expect(answer.status).toBe(200);
    expect(upstream.seen.at(-1)).toMatchObject({ url: "/v1/x", body: HIDDEN });
    expect(upstream.seen.every(({ url }) => url.startsWith("/v1/"))).toBe(true);
    socket.destroy();
  });

  it("decides on each of several requests that come at once", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    socket.write(
      `GET /v1/a HTTP/1.1\r\nHost: ${HOST}\r\n\r\n${HIDDEN}GET /v1/b HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    );
    await expect
      .poll(() => received.match(/HTTP\/1\.1 \d+/g))
      .toEqual(["HTTP/1.1 200", "HTTP/1.1 403", "HTTP/1.1 200"]);
    expect(upstream.seen.every(({ url }) => url.startsWith("/v1/"))).toBe(true);
    socket.destroy();
  });

  it("records each one, also when what comes behind it ends the connection, and answers it with nothing else's refusal", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    const path = "/v1/before-nonsense";
    socket.write(`POST ${path} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 2\r\n\r\nokNo request\r\n\r\n`);
    await once(socket, "close");
    expect(received).toBe("");
    await expect
      .poll(() => world.audit.filter((record) => record.path === path).map(({ code }) => code))
      .toEqual(["ClientGone"]);
    expect(world.audit.some(({ because }) => because === "what came is not well-formed HTTP/1.1")).toBe(true);
  });
});
