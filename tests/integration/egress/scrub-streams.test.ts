import type { RequestListener } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, constants, createGzip, createZstdCompress, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { openTls, request } from "./client.ts";
import { get, HOST, PLACEHOLDER, scrubWorld } from "./scrub-kit.ts";

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function worldOf(answer: RequestListener): ReturnType<typeof scrubWorld> {
  const opening = await scrubWorld(answer);
  opened.push(opening);
  return opening;
}

describe("a stream on a route that injects", () => {
  const codings: [string, (() => ReturnType<typeof createGzip>) | undefined][] = [
    ["identity", undefined],
    ["gzip", () => createGzip({ flush: constants.Z_SYNC_FLUSH })],
    ["zstd", () => createZstdCompress({ flush: constants.ZSTD_e_flush } as object) as never],
  ];

  it.each(codings)("passes each event before the upstream sends the next: %s", async (coding, encoder) => {
    let next: () => void = () => undefined;
    const { world } = await worldOf((_request, response) => {
      response.writeHead(200, {
        "content-type": "text/event-stream",
        ...(encoder === undefined ? {} : { "content-encoding": coding }),
      });
      const sink = encoder?.();
      sink?.pipe(response);
      let n = 0;
      // ends like the value begins, as events do now and then
      next = () => void (sink ?? response).write(`data: ${n++} is said to the\n\n`);
      next();
    });
    const socket = await openTls(world, `${HOST}:443`);
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    socket.write(get());
    for (let n = 0; n < 3; n += 1) {
      await expect.poll(() => received).toContain(`data: ${n} is said to the\n\n`);
      expect(received).not.toContain(`data: ${n + 1}`);
      next();
    }
    socket.destroy();
  });

  it("of a model passes byte for byte, with the placeholders and the code that it quotes", async () => {
    const said = [
      `export ANTHROPIC_API_KEY=${PLACEHOLDER} # never sk-ant-api03-...`,
      `curl -H "Authorization: Bearer $TOKEN" 'https://x/?a=1&b=%2F&amp;c'`,
      `{"access_token": "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "password": "changeme"}`,
      'const re = /\\u0041\\x42\\d+/; // "t","h","e","-","r"',
      "ünïcödé 🙂 \u0000 tab\tnewline\n",
    ];
    const events = said.map((text) => {
      const delta = { type: "text_delta", text };
      return `event: content_block_delta\ndata: ${JSON.stringify({ type: "content_block_delta", index: 0, delta })}\n\n`;
    });
    const { world } = await worldOf((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
      for (const event of events) response.write(event);
      response.end();
    });
    const answer = await request(world, `https://${HOST}/`);
    expect(Buffer.from(answer.body, "latin1").toString()).toBe(events.join(""));
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ code: "Allowed" });
    expect(world.audit.at(-1)).not.toHaveProperty("scrubbed");
  });

  it.each([
    ["as it is", "", (bytes: Buffer) => bytes],
    ["of gzip that grows a thousand times", "gzip", (bytes: Buffer) => gzipSync(bytes)],
    ["of brotli that grows a hundred thousand times", "br", (bytes: Buffer) => brotliCompressSync(bytes)],
  ])("waits for an agent that reads slowly, in little memory: %s", async (_what, coding, encode) => {
    const piece = encode(Buffer.alloc(100 * 1024 * 1024, "d"));
    let isAllSent = false;
    const { world } = await worldOf((_request, response) => {
      response.writeHead(200, coding === "" ? {} : { "content-encoding": coding });
      response.end(piece, () => (isAllSent = true));
    });
    const socket = await openTls(world, `${HOST}:443`);
    socket.pause();
    const before = process.memoryUsage().rss;
    socket.write(get());
    await expect.poll(() => socket.readableLength).toBeGreaterThan(0);
    // nothing tells that no more comes: time has to pass
    await sleep(300);
    if (coding === "") expect(isAllSent).toBe(false);
    // without a coding the upstream, which is in this process, holds all that it could not send
    if (coding !== "") expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    socket.destroy();
    await expect.poll(() => world.audit.at(-1)?.code).toMatch(/ClientGone|Allowed/);
  });

  it("is cut off with its policy while what came of it is still being decoded", async () => {
    const { world } = await worldOf((_request, response) =>
      response
        .writeHead(200, { "content-encoding": "br" })
        .end(brotliCompressSync(Buffer.alloc(100 * 1024 * 1024, "d"))),
    );
    const socket = await openTls(world, `${HOST}:443`);
    socket.write(get());
    await new Promise((resolve) => socket.once("readable", resolve));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    // the host stays allowed, so that its tunnel does too
    world.enforce({ routes: [{ host: HOST, methods: ["*"] }] }, []);
    socket.resume();
    await closed;
    await expect.poll(() => world.audit.length).toBe(1);
  });
});
