import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { killGroup } from "../process/child.ts";
import type { Environment } from "../process/environment.ts";

const MAX_HEAD_BYTES = 64 * 1024;
const MAX_STDERR_BYTES = 64 * 1024;
/** of an answer to a push, which is never long, for a client that does not read it */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export interface BackendCall {
  readonly environment: Environment;
  readonly body: Readable;
  readonly response: ServerResponse;
  /** goes on when the client is gone, once the body has come: upstream may be taking it */
  readonly outlivesClient: boolean;
  readonly timeoutMs: number;
  /** aborted when the gate closes */
  readonly signal: AbortSignal;
}

/** Runs one `git http-backend` for one request and passes its answer on. Resolves to what git said on stderr. */
export function runBackend(call: BackendCall): Promise<string> {
  const child = spawn("git", ["http-backend"], { cwd: "/", env: call.environment, detached: true });
  const end = (): void => killGroup(child.pid);
  const limit = AbortSignal.any([call.signal, AbortSignal.timeout(call.timeoutMs)]);
  if (limit.aborted) end();
  limit.addEventListener("abort", end);
  feed(child, call.body, end);
  call.response.on("close", () => {
    if (!call.response.writableFinished && !(call.outlivesClient && call.body.readableEnded)) end();
  });
  const answer = new CgiAnswer(call.response, child.stdout, call.outlivesClient);
  child.stdout.on("data", (chunk: Buffer) => answer.add(chunk));
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (stderr.length < MAX_STDERR_BYTES) stderr += chunk.toString("utf8");
  });
  return new Promise((done) => {
    child.on("error", () => undefined);
    // what one that broke leaves behind would hold the answer open
    child.on("exit", (code) => {
      if (code !== 0) end();
    });
    child.on("close", () => {
      limit.removeEventListener("abort", end);
      answer.end();
      done(stderr);
    });
  });
}

/** Gives the body to a child; one that stops reading lets the rest pass unread, so that its answer reaches the client. */
function feed(child: ChildProcessWithoutNullStreams, body: Readable, end: () => void): void {
  child.stdin.on("error", () => {
    body.unpipe(child.stdin);
    body.resume();
  });
  body.on("error", end);
  body.on("close", () => {
    if (!body.readableEnded) end();
  });
  body.pipe(child.stdin);
}

/** The answer of a CGI program: a head, whose status it turns to HTTP's, and a body. */
class CgiAnswer {
  readonly #response: ServerResponse;
  readonly #source: Readable;
  readonly #neverWaits: boolean;
  #head = Buffer.alloc(0);
  #isPastHead = false;

  constructor(response: ServerResponse, source: Readable, neverWaits: boolean) {
    this.#response = response;
    this.#source = source;
    this.#neverWaits = neverWaits;
    response.on("drain", () => source.resume());
  }

  add(chunk: Buffer): void {
    if (this.#isPastHead) return this.#pass(chunk);
    this.#head = Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1 && this.#head.length > MAX_HEAD_BYTES) return void this.#response.destroy();
    if (end === -1) return;
    const fields = this.#head
      .toString("latin1", 0, end)
      .split("\r\n")
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()] as const);
    const status = fields.find(([name]) => name.toLowerCase() === "status")?.[1] ?? "200";
    this.#isPastHead = true;
    this.#begin(Number.parseInt(status, 10), fields);
    this.#pass(this.#head.subarray(end + 4));
  }

  end(): void {
    if (!this.#response.headersSent) this.#response.writeHead(500, { "content-type": "text/plain" });
    else if (!this.#isPastHead) return void this.#response.destroy();
    this.#response.end();
  }

  /** Words to the client may have gone out before: then a body of that kind is all that can follow. */
  #begin(status: number, fields: readonly (readonly [string, string])[]): void {
    if (this.#response.headersSent) return void (status === 200 || this.#response.destroy());
    for (const [name, value] of fields)
      if (name.toLowerCase() !== "status") this.#response.setHeader(name, value);
    this.#response.writeHead(status);
  }

  #pass(chunk: Buffer): void {
    if (this.#response.destroyed) return;
    const goesOn = this.#response.write(chunk);
    if (goesOn) return;
    if (!this.#neverWaits) this.#source.pause();
    else if (this.#response.writableLength > MAX_WAITING_BYTES) this.#response.destroy();
  }
}
