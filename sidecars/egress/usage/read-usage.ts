import type { Transform } from "node:stream";
import zlib from "node:zlib";
import type { Answer } from "../agent/agent-stream.ts";
import type { Exchange } from "../exchange.ts";
import { type TokenUsage, UsageSearch } from "./usage-search.ts";

const WITH_USAGE =
  /^(?:application\/(?:[\w.+-]*json\b|x-ndjson|vnd\.amazon\.eventstream)|text\/event-stream)/i;
/** of a compressed answer, waiting to be read: what is more goes unread rather than being held */
const MOST_UNREAD_BYTES = 4 * 1024 * 1024;

/**
 * Reads the tokens that a model's provider accounts for in its answer, as it
 * passes, and holds none of it: JSON, SSE, messages of a WebSocket. `onUsage` is
 * called with what is new, so that the sum of all calls is the account; for a
 * compressed answer maybe only after its end. What cannot be read counts nothing.
 */
export function readUsage(exchange: Exchange, onUsage: (usage: TokenUsage) => void): void {
  exchange.answer = new UsageAnswer(exchange.answer, onUsage);
  exchange.messages.toAgent.push((message) => {
    const whole = new Highest();
    for (const usage of new UsageSearch().push(message)) report(whole.grow(usage), onUsage);
    return message;
  });
}

/** Within one answer the accounts of a provider grow: the highest of each counts. */
class Highest {
  #input = 0;
  #output = 0;

  /** What is new since the last one. */
  grow({ inputTokens, outputTokens }: TokenUsage): TokenUsage {
    const added = {
      inputTokens: Math.max(0, inputTokens - this.#input),
      outputTokens: Math.max(0, outputTokens - this.#output),
    };
    this.#input += added.inputTokens;
    this.#output += added.outputTokens;
    return added;
  }
}

function report(usage: TokenUsage, onUsage: (usage: TokenUsage) => void): void {
  if (usage.inputTokens > 0 || usage.outputTokens > 0) onUsage(usage);
}

class UsageAnswer implements Answer {
  readonly #answer: Answer;
  readonly #onUsage: (usage: TokenUsage) => void;
  readonly #highest = new Highest();
  #read: ((chunk: Buffer) => void) | undefined;
  #decoder: Transform | undefined;

  constructor(answer: Answer, onUsage: (usage: TokenUsage) => void) {
    this.#answer = answer;
    this.#onUsage = onUsage;
  }

  get hasStarted(): boolean {
    return this.#answer.hasStarted;
  }

  start(status: number, headers: readonly string[], reason?: string): void {
    if (status < 300 && WITH_USAGE.test(valueOf(headers, "content-type"))) this.#open(headers);
    this.#answer.start(status, headers, reason);
  }

  write(chunk: Buffer): boolean {
    this.#read?.(chunk);
    return this.#answer.write(chunk);
  }

  onDrain(act: () => void): void {
    this.#answer.onDrain(act);
  }

  end(trailers?: readonly string[]): void {
    this.#decoder?.end();
    this.#answer.end(trailers);
  }

  abort(): void {
    this.#decoder?.end();
    this.#answer.abort();
  }

  #open(headers: readonly string[]): void {
    const search = new UsageSearch();
    const read = (chunk: Buffer): void => {
      for (const usage of search.push(chunk)) report(this.#highest.grow(usage), this.#onUsage);
    };
    const coding = valueOf(headers, "content-encoding").trim().toLowerCase();
    if (coding === "" || coding === "identity") this.#read = read;
    else this.#decode(coding, read);
  }

  #decode(coding: string, read: (chunk: Buffer) => void): void {
    const decoder = decoderOf(coding);
    if (decoder === undefined) return;
    this.#decoder = decoder;
    // an upstream that compresses wrongly is the agent's to notice
    decoder.on("error", () => (this.#read = undefined));
    decoder.on("data", read);
    this.#read = (chunk) => {
      if (decoder.writableLength < MOST_UNREAD_BYTES) return void decoder.write(chunk);
      decoder.destroy();
      this.#read = undefined;
    };
  }
}

/** Lets out what came as soon as it can: an account must not wait for the end of a stream. */
function decoderOf(coding: string): Transform | undefined {
  if (coding === "gzip" || coding === "x-gzip" || coding === "deflate") {
    return zlib.createUnzip({ flush: zlib.constants.Z_SYNC_FLUSH });
  }
  if (coding === "br") return zlib.createBrotliDecompress();
  return coding === "zstd" ? zlib.createZstdDecompress() : undefined;
}

function valueOf(headers: readonly string[], name: string): string {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]!.toLowerCase() === name) return headers[index + 1]!;
  }
  return "";
}
