import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createStandInCertificate } from "../stand-in-certificate.ts";
import { createStandIn } from "./server.ts";
import type { Seen } from "./server.ts";

const HOST = "api.example.com";
const { caPem, certificatePem, privateKeyPem } = createStandInCertificate([HOST], new Date());
const seen: Seen[] = [];
let server: Server;

beforeAll(async () => {
  server = createStandIn({
    certificate: certificatePem,
    privateKey: privateKeyPem,
    scenes: [
      { when: "hello", say: "Hello." },
      { when: "fetch", run: "curl x", then: "{result}" },
    ],
    onSeen: (one) => seen.push(one),
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  seen.length = 0;
});

async function call(path: string, body?: string, headers: Readonly<Record<string, string>> = {}) {
  const { port } = server.address() as AddressInfo;
  const options = { host: "127.0.0.1", port, path, servername: HOST, ca: caPem, agent: false as const };
  const method = body === undefined ? "GET" : "POST";
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ ...options, method, headers: { host: HOST, ...headers } }, resolve)
      .on("error", reject)
      .end(body);
  });
  return { status: response.statusCode, type: response.headers["content-type"], body: await text(response) };
}

const ask = (prompt: string, stream: boolean) =>
  call(
    "/v1/messages?beta=true",
    JSON.stringify({ model: "m", stream, messages: [{ role: "user", content: prompt }] }),
  );

describe("the stand-in", () => {
  it("streams the events of a turn in their order", async () => {
    const { type, body } = await ask("hello", true);
    expect(type).toBe("text/event-stream");
    expect([...body.matchAll(/^event: (.*)$/gm)].map(([, event]) => event)).toEqual([
      ...["message_start", "content_block_start", "content_block_delta", "content_block_stop"],
      ...["message_delta", "message_stop"],
    ]);
    expect(body).toContain('"delta":{"type":"text_delta","text":"Hello."}');
    expect(body).toContain('"stop_reason":"end_turn"');
  });

  it("streams a tool's input as JSON in pieces", async () => {
    const { body } = await ask("fetch", true);
    expect(body).toMatch(/"type":"input_json_delta","partial_json":"\{\\"command\\":\\"curl x\\"/);
    expect(body).toContain('"stop_reason":"tool_use"');
  });

  it("answers in one piece when no stream is asked for", async () => {
    const { body } = await ask("hello", false);
    expect(JSON.parse(body)).toMatchObject({
      role: "assistant",
      content: [{ type: "text", text: "Hello." }],
      stop_reason: "end_turn",
    });
  });

  it("tells whole requests, headers and body", async () => {
    await call("/upload?a=1", "the body", { authorization: "Bearer x" });
    expect(seen).toMatchObject([
      {
        method: "POST",
        host: HOST,
        path: "/upload?a=1",
        body: "the body",
        headers: { authorization: "Bearer x" },
      },
    ]);
  });

  it("echoes how much arrived on every other path", async () => {
    expect(JSON.parse((await call("/upload", "1234")).body)).toEqual({
      method: "POST",
      path: "/upload",
      bytes: 4,
    });
  });

  it("has no settings for the CLI", async () => {
    expect((await call("/api/claude_code/settings")).status).toBe(404);
  });

  it("refuses what is no request to a model", async () => {
    expect((await call("/v1/messages", "{nonsense")).status).toBe(400);
  });
});
