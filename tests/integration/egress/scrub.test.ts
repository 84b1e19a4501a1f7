import type { RequestListener } from "node:http";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { openTls, readAnswer, request } from "./client.ts";
import { get, HOST, KEY, PLACEHOLDER, PLAIN, run, scrubWorld } from "./scrub-kit.ts";

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function worldOf(answer: RequestListener): ReturnType<typeof scrubWorld> {
  const opening = await scrubWorld(answer);
  opened.push(opening);
  return opening;
}

describe("a request whose answer will be searched", () => {
  it("asks for all of it, and in a coding that can be undone", async () => {
    const { world, upstream } = await worldOf((_request, response) => response.end("whole"));
    const headers = {
      range: "bytes=0-9",
      "if-range": '"x"',
      "accept-encoding": "gzip, br;q=0.9, dcb, compress, zstd;q=0.5, *;q=0.1",
    };
    await request(world, `https://${HOST}/`, { headers });
    await request(world, `https://${HOST}/`, { headers: { "accept-encoding": "dcb, *" } });
    await request(world, `https://${PLAIN}/`, { headers });
    expect(upstream.seen.map((seen) => seen.headers["accept-encoding"])).toEqual([
      "gzip, br;q=0.9, zstd;q=0.5",
      "identity",
      headers["accept-encoding"],
    ]);
    expect(upstream.seen.map((seen) => seen.headers.range)).toEqual([undefined, undefined, "bytes=0-9"]);
    expect(upstream.seen[0]?.headers["if-range"]).toBeUndefined();
  });

  it("is not sent with TRACE", async () => {
    const { world, upstream } = await worldOf((_request, response) => response.end());
    const answer = await request(world, `https://${HOST}/`, { method: "TRACE" });
    expect(answer.denied).toBe("MethodNotAllowed");
    expect(upstream.bytes()).toBe("");
  });
});

describe("an answer that cannot be searched", () => {
  it.each([
    ["a part", 206, { "content-range": "bytes 0-9/50" }, "UpstreamAnswerPartial"],
    ["an unknown content coding", 200, { "content-encoding": "dcb" }, "UpstreamCodingUnknown"],
    ["one coding too many", 200, { "content-encoding": "gzip, gzip, br, zstd" }, "UpstreamCodingUnknown"],
  ])("is refused with its reason: %s", async (_what, status, headers, code) => {
    const { world } = await worldOf((_request, response) => response.writeHead(status, headers).end(KEY));
    const answer = await request(world, `https://${HOST}/`);
    expect(answer).toMatchObject({ status: 502, headers: { "x-bot-bottle-failed": code } });
    expect(answer.body).not.toContain(KEY);
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "error", code });
  });

  it("is refused with a transfer coding that is not chunked", async () => {
    const { world } = await worldOf((_request, response) => {
      response.writeHead(200, { "transfer-encoding": "gzip, chunked" });
      response.end(gzipSync(KEY));
    });
    const handshake = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": Buffer.alloc(16).toString("base64"),
    };
    for (const headers of [{}, handshake]) {
      const answer = await request(world, `https://${HOST}/`, { headers });
      expect(answer).toMatchObject({
        status: 502,
        headers: { "x-bot-bottle-failed": "UpstreamProtocolError" },
      });
    }
  });

  it.each([
    ["cut off", gzipSync(run(200)).subarray(0, 60)],
    ["no gzip at all", Buffer.from(`plainly ${KEY}`)],
    ["gzip that goes on as something else", Buffer.concat([gzipSync("x"), Buffer.from(`plainly ${KEY}`)])],
  ])("is broken off when it is %s", async (_what, bytes) => {
    const { world } = await worldOf((_request, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(bytes),
    );
    const socket = await openTls(world, `${HOST}:443`);
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
    socket.write(get());
    await new Promise((resolve) => socket.once("close", resolve));
    expect(received).not.toContain("0\r\n\r\n");
    expect(received).not.toContain(KEY);
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ code: "UpstreamCodingBroken" });
  });
});

describe("an answer that is searched", () => {
  const fields = {
    etag: '"abc"',
    "content-md5": "x",
    "repr-digest": "sha-256=:x:",
    "content-digest": "sha-256=:x:",
    "accept-ranges": "bytes",
  };

  it("says of itself only what is still true", async () => {
    const { world } = await worldOf(({ url }, response) => {
      const body = url === "/gzip" ? gzipSync(KEY) : Buffer.from(KEY);
      const coding = url === "/gzip" ? { "content-encoding": "gzip" } : {};
      response.writeHead(200, { ...fields, ...coding, "content-length": body.length }).end(body);
    });
    const plain = await request(world, `https://${HOST}/`);
    expect(plain.body).toBe(PLACEHOLDER);
    expect(plain.headers).not.toHaveProperty("content-length");
    expect(plain.headers).toMatchObject({ etag: '"abc"', "transfer-encoding": "chunked" });
    const decoded = await request(world, `https://${HOST}/gzip`);
    expect(decoded.body).toBe(PLACEHOLDER);
    expect(decoded.headers).toMatchObject({ etag: 'W/"abc"' });
    for (const name of [
      "content-encoding",
      "content-md5",
      "repr-digest",
      "content-digest",
      "accept-ranges",
    ]) {
      expect(decoded.headers).not.toHaveProperty(name);
    }
    const head = await request(world, `https://${HOST}/`, { method: "HEAD" });
    expect(head.headers).toMatchObject({ "content-length": `${KEY.length}` });
  });

  it("passes no early hints, which may carry what they like", async () => {
    const { world } = await worldOf((_request, response) => {
      response.writeEarlyHints({ link: `</${KEY}>; rel=preload` });
      response.writeProcessing();
      response.end("done");
    });
    const socket = await openTls(world, `${HOST}:443`);
    socket.write(get());
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
    await expect.poll(() => received).toContain("done");
    expect(received.startsWith("HTTP/1.1 200 OK\r\n")).toBe(true);
    socket.destroy();
  });

  it("is counted in the audit, which names the rule", async () => {
    const { world } = await worldOf((_request, response) => response.end(`${KEY} and ${KEY}`));
    await request(world, `https://${HOST}/`);
    await expect
      .poll(() => world.audit.at(-1))
      .toMatchObject({
        verdict: "allow",
        code: "ResponseScrubbed",
        rule: "known-value",
        scrubbed: 2,
        status: 200,
      });
    expect(JSON.stringify(world.audit)).not.toContain(KEY);
  });

  it("gives up no credential that the upstream has just made", async () => {
    const minted = `gh${"s_"}${run(36)}`;
    const { world } = await worldOf((_request, response) =>
      response.end(JSON.stringify({ token: minted, access_token: run(40), expires_at: "2030-01-01" })),
    );
    const answer = await request(world, `https://${HOST}/`);
    expect(JSON.parse(answer.body)).toEqual({
      token: "egress-redacted-github-token",
      access_token: "egress-redacted-credential-field",
      expires_at: "2030-01-01",
    });
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ rule: "github-token", scrubbed: 2 });
  });
});

describe("an answer of a route that does not inject", () => {
  it("passes as it is: coding, length, ranges, and what it says", async () => {
    const bytes = gzipSync(`${KEY} gh${"s_"}${run(36)}`);
    const { world } = await worldOf((_request, response) =>
      response
        .writeHead(206, { "content-encoding": "gzip", "content-length": bytes.length, etag: '"x"' })
        .end(bytes),
    );
    const socket = await openTls(world, `${PLAIN}:443`);
    socket.write(get(PLAIN));
    const answer = await readAnswer(socket);
    expect(answer).toMatchObject({ status: 206, headers: { "content-encoding": "gzip", etag: '"x"' } });
    expect(answer.body).toBe(bytes.toString("latin1"));
    socket.destroy();
  });
});
