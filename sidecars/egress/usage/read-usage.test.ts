import { once } from "node:events";
import { gzipSync, zstdCompressSync, brotliCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Answer } from "../agent/agent-stream.ts";
import type { Exchange, Messages } from "../exchange.ts";
import { readUsage } from "./read-usage.ts";
import type { TokenUsage } from "./usage-search.ts";

/** What an exchange has of an answer, and what the agent is given. */
function anExchange() {
  const given: Buffer[] = [];
  const answer: Answer = {
    hasStarted: false,
    start: () => undefined,
    write: (chunk) => given.push(chunk) > 0,
    onDrain: () => undefined,
    end: () => undefined,
    abort: () => undefined,
  };
  const messages: Messages = { fromAgent: [], leaving: [], toAgent: [] };
  const calls: TokenUsage[] = [];
  const exchange = { answer, messages } as Exchange;
  readUsage(exchange, (usage) => calls.push(usage));
  const sum = (): TokenUsage => ({
    inputTokens: calls.reduce((all, { inputTokens }) => all + inputTokens, 0),
    outputTokens: calls.reduce((all, { outputTokens }) => all + outputTokens, 0),
  });
  return { exchange, given, calls, sum };
}

const ANTHROPIC = [
  'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":10,"cache_creation_input_tokens":200,"cache_read_input_tokens":3000,"output_tokens":1}}}\n\n',
  'event: content_block_delta\ndata: {"delta":{"type":"text_delta","text":"a \\"usage\\": {\\"output_tokens\\": 9} of mine"}}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","delta":{},"usage":{"output_tokens":42}}\n\n',
].join("");
const OPENAI =
  'data: {"type":"response.completed","response":{"usage":{"input_tokens":50,"input_tokens_details":{"cached_tokens":20},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":57}}}\n\n';
const CHAT =
  '{"choices":[],"usage": {"prompt_tokens": 5, "completion_tokens": 6, "prompt_tokens_details": {"cached_tokens": 1}}}';
const GOOGLE = [
  'data: {"usageMetadata": {"promptTokenCount": 8,"candidatesTokenCount": 2,"totalTokenCount": 10}}\r\n\r\n',
  'data: {"usageMetadata": {"promptTokenCount": 8,"candidatesTokenCount": 9,"thoughtsTokenCount": 30,"totalTokenCount": 47}}\r\n\r\n',
].join("");

const ANSWERS = [
  { what: "Anthropic's events", type: "text/event-stream", text: ANTHROPIC, input: 3210, output: 42 },
  { what: "OpenAI's events", type: "text/event-stream; charset=utf-8", text: OPENAI, input: 50, output: 7 },
  { what: "a chat completion", type: "application/json", text: CHAT, input: 5, output: 6 },
  { what: "Google's events", type: "text/event-stream", text: GOOGLE, input: 8, output: 39 },
];

describe("the usage of a model", () => {
  it.each(ANSWERS)("is read from $what, however it is cut", ({ type, text, input, output }) => {
    for (const size of [1, 7, 100, text.length]) {
      const { exchange, given, sum } = anExchange();
      exchange.answer.start(200, ["Content-Type", type]);
      for (let at = 0; at < text.length; at += size) {
        exchange.answer.write(Buffer.from(text.slice(at, at + size)));
      }
      exchange.answer.end();

      expect(sum()).toEqual({ inputTokens: input, outputTokens: output });
      expect(Buffer.concat(given).toString()).toBe(text);
    }
  });

  it.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ] as const)("is read through %s, which the agent is given as it came", async (coding, compress) => {
    const { exchange, given, calls, sum } = anExchange();
    const bytes = compress(Buffer.from(ANTHROPIC));
    const both = new Promise<void>((resolve) => {
      const push = calls.push.bind(calls);
      calls.push = (...usages) => (push(...usages) === 2 ? (resolve(), 2) : 1);
    });
    exchange.answer.start(200, ["content-type", "text/event-stream", "content-encoding", coding]);
    for (const byte of bytes) exchange.answer.write(Buffer.from([byte]));
    exchange.answer.end();
    await both;

    expect(sum()).toEqual({ inputTokens: 3210, outputTokens: 42 });
    expect(Buffer.concat(given)).toEqual(bytes);
  });

  it("is known while the answer still comes", () => {
    const { exchange, sum } = anExchange();
    exchange.answer.start(200, ["content-type", "text/event-stream"]);
    exchange.answer.write(Buffer.from(ANTHROPIC.slice(0, ANTHROPIC.indexOf("\n\n"))));
    expect(sum()).toEqual({ inputTokens: 3210, outputTokens: 1 });
  });

  it("is added up over the messages of a WebSocket", () => {
    const { exchange, sum } = anExchange();
    const message = Buffer.from(OPENAI.slice("data: ".length));
    for (let round = 0; round < 3; round += 1) {
      for (const change of exchange.messages.toAgent) expect(change(message, false)).toBe(message);
    }
    expect(sum()).toEqual({ inputTokens: 150, outputTokens: 21 });
  });

  it.each([
    ["an error", 400, "application/json", CHAT],
    ["a page", 200, "text/html", CHAT],
    ["what a model wrote", 200, "application/json", JSON.stringify({ text: CHAT })],
    [
      "an account that is too long",
      200,
      "application/json",
      `{"usage":{"a":"${"x".repeat(9000)}","output_tokens":1}}`,
    ],
    ["what is no account", 200, "application/json", '{"usage":{"disk":9},"output_tokens":4}'],
  ])("is not taken from %s", (_what, status, type, text) => {
    const { exchange, calls } = anExchange();
    exchange.answer.start(status, ["content-type", type]);
    exchange.answer.write(Buffer.from(text));
    exchange.answer.end();
    expect(calls).toEqual([]);
  });

  it("lets an answer through that says it is compressed and is not", async () => {
    const { exchange, given, calls } = anExchange();
    exchange.answer.start(200, ["content-type", "application/json", "content-encoding", "gzip"]);
    exchange.answer.write(Buffer.from(CHAT));
    await once(process, "nothing", { signal: AbortSignal.timeout(50) }).catch(() => undefined);
    exchange.answer.write(Buffer.from(CHAT));
    exchange.answer.end();
    expect(Buffer.concat(given).toString()).toBe(CHAT + CHAT);
    expect(calls).toEqual([]);
  });
});
