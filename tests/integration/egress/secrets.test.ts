import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exchange, openTls, request } from "./client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "paste.example.com";
const MODEL = "model.example.com";
/** matches a pattern; its parts are apart so that nothing mistakes this file for a leak */
const KEY = `AKIA${"Q7ZK3M7XW2LTNB4V"}`;
/** matches no pattern: known because a route injects it */
const HELD = "plain-words-nobody-would-find-4711";

let upstream: Upstream;
let world: World;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await startWorld({
    egress: {
      routes: [
        { host: HOST, methods: ["*"], maxBodyBytes: 200_000 },
        { host: "*.wild.example", methods: ["*"] },
        {
          host: MODEL,
          methods: ["*"],
          scan: "inject-only",
          auth: { secretRef: { name: "cred", key: "token" } },
        },
      ],
    },
    secrets: [aSecret(HELD, MODEL)],
    overrides: {
      [`${HOST}:443`]: upstream.port,
      [`${MODEL}:443`]: upstream.port,
      [`${HELD}.wild.example:443`]: upstream.port,
    },
  });
});

afterAll(async () => {
  await world.close();
  upstream.close();
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const hex = (text: string): string => Buffer.from(text).toString("hex");
const json = (value: unknown): { body: string; headers: Record<string, string> } => ({
  body: JSON.stringify(value),
  headers: { "content-type": "application/json" },
});
const multipart = (content: string): { body: string; headers: Record<string, string> } => ({
  body: `--b\r\ncontent-disposition: form-data; name="f"; filename="a.txt"\r\n\r\n${content}\r\n--b--\r\n`,
  headers: { "content-type": "multipart/form-data; boundary=b" },
});
const coded = (coding: string, body: Buffer): { body: Buffer; headers: Record<string, string> } => ({
  body,
  headers: { "content-encoding": coding, "content-type": "application/json" },
});
const note = Buffer.from(JSON.stringify({ note: `my key is ${KEY}` }));

type Ask = Parameters<typeof request>[2] & { readonly url?: string };

const inHead: [string, Ask][] = [
  ["the path", { url: `/x/${KEY}` }],
  ["the query", { url: `/?q=${KEY}` }],
  ["the query, percent-encoded", { url: `/?q=%41KIA${KEY.slice(4)}` }],
  ["a header", { headers: { "x-note": `see ${KEY}` } }],
  ["the user agent", { headers: { "user-agent": KEY } }],
  ["the path, a known value", { url: `/x/${HELD}` }],
  ["a header, a known value in base64", { headers: { "x-note": base64(HELD) } }],
  ["a header, a known value in hexadecimal", { headers: { "x-note": hex(HELD) } }],
];

const inBody: [string, Ask][] = [
  ["plain text", { body: `key: ${KEY}` }],
  ["JSON", json({ a: [{ b: KEY }] })],
  [
    "JSON with unicode escapes",
    { body: `{"a":"\\u0041KIA${KEY.slice(4)}"}`, headers: { "content-type": "application/json" } },
  ],
  ["a form", { body: `a=1&b=${KEY}`, headers: { "content-type": "application/x-www-form-urlencoded" } }],
  [
    "a form, percent-encoded",
    { body: `b=%41%4bIA${KEY.slice(4)}`, headers: { "content-type": "application/x-www-form-urlencoded" } },
  ],
  ["a multipart", multipart(KEY)],
  ["base64", json({ data: base64(`text before ${KEY} and after`) })],
  ["a known value", json({ a: HELD })],
  ["a known value in base64", json({ a: base64(`x${HELD}`) })],
  ["a known value reversed", json({ a: [...HELD].toReversed().join("") })],
  ["gzip", coded("gzip", gzipSync(note))],
  ["deflate", coded("deflate", deflateSync(note))],
  ["deflate without its wrapper", coded("deflate", deflateRawSync(note))],
  ["brotli", coded("br", brotliCompressSync(note))],
  ["zstd", coded("zstd", zstdCompressSync(note))],
  ["gzip in gzip", coded("gzip, gzip", gzipSync(gzipSync(note)))],
  ["a GET with a body", { method: "GET", body: KEY }],
];

describe("a secret on its way out", () => {
  it.each(inHead)("is refused in %s", async (_where, ask) => {
    const before = upstream.bytes().length;
    const answer = await request(world, `https://${HOST}${ask.url ?? "/"}`, ask);
    expect(answer).toMatchObject({ status: 403, denied: "SecretInHead" });
    expect(upstream.bytes()).toHaveLength(before);
    expectNothingTold(answer.body);
  });

  it.each(inBody)("is refused in %s, and no byte reaches the upstream", async (_where, ask) => {
    const before = upstream.bytes().length;
    const answer = await request(world, `https://${HOST}/`, ask);
    expect(answer).toMatchObject({ status: 403, denied: "SecretInBody" });
    expect(JSON.parse(answer.body)).toMatchObject({ rule: expect.any(String) });
    expect(upstream.bytes()).toHaveLength(before);
    expectNothingTold(answer.body);
  });

  it("is refused in a chunked body whose chunks cut it in two", async () => {
    const before = upstream.bytes().length;
    const socket = await openTls(world, `${HOST}:443`);
    const chunks = [KEY.slice(0, 7), KEY.slice(7)].map(
      (part) => `${part.length.toString(16)}\r\n${part}\r\n`,
    );
    const answer = await exchange(
      socket,
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join("")}0\r\n\r\n`,
    );
    expect(answer.denied).toBe("SecretInBody");
    expect(upstream.bytes()).toHaveLength(before);
  });

  it("is refused in trailers, and nothing of the request has left", async () => {
    const before = upstream.seen.length;
    const socket = await openTls(world, `${HOST}:443`);
    const answer = await exchange(
      socket,
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\nTrailer: x-note\r\n\r\n2\r\nok\r\n0\r\nx-note: ${KEY}\r\n\r\n`,
    );
    expect(answer.denied).toBe("SecretInHead");
    expect(upstream.seen).toHaveLength(before);
    expect(upstream.bytes()).not.toContain(KEY);
  });

  it("is refused in the name of a host, before that is resolved", async () => {
    const asked = world.resolved.length;
    await expect(request(world, `https://${HELD}.wild.example/`)).rejects.toThrow("SecretInHead");
    expect(world.resolved).toHaveLength(asked);
    expect(JSON.stringify(world.audit)).not.toContain(HELD);
  });

  it("is withheld from the audit when the host is denied before anything is scanned", async () => {
    await request(world, `https://${HOST}/${KEY}`, { method: "TRACE" });
    const line = world.audit.at(-1);
    expect(line).toMatchObject({ code: "MethodNotAllowed", host: "(withheld)" });
    expect(JSON.stringify(line)).not.toContain(KEY);
  });
});

describe("a body that cannot be looked at", () => {
  it.each([
    ["has an unknown coding", coded("lzma", Buffer.from("xyz")), 403, "UnknownContentCoding"],
    ["is not what its coding says", coded("gzip", Buffer.from("not gzip at all")), 403, "BodyUndecodable"],
    ["is larger than the route allows", { body: "x".repeat(200_001) }, 413, "BodyTooLarge"],
    ["grows beyond measure", coded("gzip", gzipSync(Buffer.alloc(80_000_000))), 413, "BodyTooLarge"],
  ] as const)("is refused when it %s", async (_how, ask, status, code) => {
    const before = upstream.bytes().length;
    const answer = await request(world, `https://${HOST}/`, { method: "POST", ...ask });
    expect(answer).toMatchObject({ status, denied: code });
    expect(upstream.bytes()).toHaveLength(before);
  });

  it("is refused when it grows beyond the limit without having said its length", async () => {
    const before = upstream.bytes().length;
    const socket = await openTls(world, `${HOST}:443`);
    socket.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
    const answer = await exchange(socket, chunk.repeat(4));
    expect(answer).toMatchObject({ status: 413, denied: "BodyTooLarge" });
    expect(upstream.bytes()).toHaveLength(before);
    socket.destroy();
  });
});

describe("what is no secret", () => {
  it.each([
    ["JSON", json({ messages: [{ role: "user", content: "how do I list files?" }] })],
    ["gzip", coded("gzip", gzipSync(JSON.stringify({ ok: true })))],
    [
      "binary",
      {
        body: Buffer.from([0, 1, 2, 255, 254, 128]),
        headers: { "content-type": "application/octet-stream" },
      },
    ],
    ["an empty POST", { method: "POST", headers: { "content-length": "0" } }],
  ])("passes unchanged: %s", async (_what, ask) => {
    const answer = await request(world, `https://${HOST}/ok`, ask);
    expect(answer.status).toBe(200);
    const sent = "body" in ask ? Buffer.from(ask.body as string).toString("latin1") : "";
    expect(upstream.seen.at(-1)?.body).toBe(sent);
    expect(upstream.bytes()).toContain("POST /ok");
  });
});

describe("a route with inject-only", () => {
  it("lets patterns through, since a model is sent whole files", async () => {
    const answer = await request(world, `https://${MODEL}/`, { body: KEY });
    expect(answer.status).toBe(200);
    expect(upstream.seen.at(-1)?.body).toBe(KEY);
  });

  it.each([
    ["plain", json({ a: HELD })],
    ["base64", json({ a: base64(HELD) })],
    ["gzip", coded("gzip", gzipSync(JSON.stringify({ a: HELD })))],
  ])("refuses a known value, %s", async (_how, ask) => {
    const answer = await request(world, `https://${MODEL}/`, ask);
    expect(answer).toMatchObject({ status: 403, denied: "SecretInBody" });
    expect(upstream.bytes()).not.toContain(ask.body);
  });

  it("sends nothing of a small body of a known length before it is here", async () => {
    const socket = await openTls(world, `${MODEL}:443`);
    const before = upstream.bytes().length;
    const padding = "p".repeat(50_000);
    socket.write(
      `POST /small HTTP/1.1\r\nHost: ${MODEL}\r\nContent-Length: ${padding.length + HELD.length}\r\n\r\n${padding}`,
    );
    const answer = await exchange(socket, HELD);
    expect(answer.denied).toBe("SecretInBody");
    expect(upstream.bytes().slice(before)).toBe("");
  });

  it("holds back the beginning of a known value that comes in pieces", async () => {
    const socket = await openTls(world, `${MODEL}:443`);
    const before = upstream.bytes().length;
    const [first, second] = [HELD.slice(0, -1), HELD.slice(-1)];
    const padding = "p".repeat(300_000); // what is shorter is held whole
    socket.write(
      `POST /pieces HTTP/1.1\r\nHost: ${MODEL}\r\nContent-Length: ${padding.length + HELD.length}\r\n\r\n${padding}${first}`,
    );
    await expect.poll(() => upstream.bytes().slice(before)).toContain("ppppp");
    const answer = await exchange(socket, second);
    expect(answer.denied).toBe("SecretInBody");
    const [, body = ""] = upstream.bytes().slice(before).split("\r\n\r\n");
    expect(body).toMatch(/^p+$/);
  });
});

/** Neither the answer nor the audit says the secret itself. */
function expectNothingTold(answer: string): void {
  for (const text of [answer, JSON.stringify(world.audit)]) {
    expect(text).not.toContain(KEY);
    expect(text).not.toContain(HELD);
  }
}
