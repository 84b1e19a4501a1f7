import type { IncomingMessage, ServerResponse } from "node:http";
import { pairsOf } from "../request/fields.ts";
import type { AgentStream, Answer } from "./agent-stream.ts";

/** One request over HTTP/1.1 and its answer, as node's server has them. */
export class Http1Stream implements AgentStream {
  readonly version = 1;
  readonly hasUntoldBody = false;
  readonly answer: Answer;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #awaitsContinue: boolean;

  constructor(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) {
    this.#request = request;
    this.#response = response;
    this.#awaitsContinue = awaitsContinue;
    this.answer = new Http1Answer(response);
  }

  get method(): string {
    return this.#request.method ?? "";
  }

  get target(): string {
    return this.#request.url ?? "";
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders;
  }

  get expects(): boolean {
    return this.#request.headers.expect !== undefined;
  }

  get body(): IncomingMessage {
    return this.#request;
  }

  get trailers(): readonly string[] {
    return this.#request.rawTrailers;
  }

  get isComplete(): boolean {
    return this.#request.complete;
  }

  get isGone(): boolean {
    return this.#response.destroyed || this.#request.socket.destroyed;
  }

  /** By the connection: the answer to a request that waits behind another one does not say that it was closed. */
  onGone(act: () => void): void {
    if (this.isGone) process.nextTick(act);
    else this.#request.socket.on("close", act);
  }

  forgetGone(act: () => void): void {
    this.#request.socket.off("close", act);
  }

  continue(): void {
    if (this.#awaitsContinue) this.#response.writeContinue();
  }

  cut(): void {
    this.#request.socket.destroy();
  }
}

class Http1Answer implements Answer {
  readonly #response: ServerResponse;
  #hasBody = false;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get hasStarted(): boolean {
    return this.#response.headersSent;
  }

  start(status: number, headers: readonly string[], reason?: string): void {
    this.#response.sendDate = false;
    if (reason === undefined) this.#response.writeHead(status, headers as string[]);
    else this.#response.writeHead(status, isPrintable(reason) ? reason : "", headers as string[]);
    // when the body comes with the head both leave in one write; when it does not, the head must not wait for it
    process.nextTick(this.#flush);
  }

  write(chunk: Buffer): boolean {
    this.#hasBody = true;
    return this.#response.write(chunk);
  }

  onDrain(act: () => void): void {
    this.#response.once("drain", act);
  }

  end(trailers: readonly string[] = []): void {
    this.#hasBody = true;
    if (trailers.length > 0) this.#response.addTrailers(pairsOf(trailers));
    this.#response.end();
  }

  abort(): void {
    this.#response.destroy();
  }

  readonly #flush = (): void => {
    if (!this.#hasBody && !this.#response.destroyed) this.#response.flushHeaders();
  };
}

/** What an upstream says of its status may be anything, and one that cannot be written breaks the answer about it too. */
function isPrintable(reason: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(reason);
}
