import { constants, type ServerHttp2Stream } from "node:http2";
import { groupedByName, HOP_FIELDS } from "../request/fields.ts";
import type { Answer } from "./agent-stream.ts";

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants;
/** what can be said in HTTP/2 of an answer with a status that it has no room for */
const BAD_GATEWAY = 502;
const LAST_STATUS = 599;
/** of the beginning of an answer, until the end of what came with it is known */
const MOST_HELD_BYTES = 64 * 1024;

/** The answer to a request over HTTP/2. */
export class Http2Answer implements Answer {
  readonly #stream: ServerHttp2Stream;
  /** told, and not sent yet */
  #head: readonly (string | number)[] | undefined;
  /** body that came with the head */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #hasStarted = false;
  #trailers: readonly string[] = [];

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    stream.once("wantTrailers", () => this.#sendTrailers());
  }

  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  start(status: number, headers: readonly string[]): void {
    this.#hasStarted = true;
    this.#head = [":status", status > LAST_STATUS ? BAD_GATEWAY : status, ...allowed(headers)];
    // an answer that is its head alone is one frame: for gRPC it means another thing than two of them; and one that is
    // here with its end needs no frame more to say so
    setImmediate(this.#flush);
  }

  write(chunk: Buffer): boolean {
    if (this.#head === undefined) return this.#stream.writable ? this.#stream.write(chunk) : true;
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < MOST_HELD_BYTES) return true;
    this.#flush();
    return !this.#stream.writableNeedDrain;
  }

  onDrain(act: () => void): void {
    this.#stream.once("drain", act);
  }

  end(trailers: readonly string[] = []): void {
    this.#trailers = trailers;
    if (trailers.length > 0) this.#flush();
    if (this.#head === undefined) this.#stream.end();
    else this.#sendWhole();
    this.#stopTheRest();
  }

  abort(code: number = NGHTTP2_CANCEL): void {
    this.#flush();
    this.#stream.close(code === NGHTTP2_NO_ERROR ? NGHTTP2_INTERNAL_ERROR : code);
  }

  /** Node throws at what an upstream may well send, such as two of a field of which there is one. */
  #sendTrailers(): void {
    try {
      this.#stream.sendTrailers(groupedByName(this.#trailers));
    } catch {
      this.#stream.close(NGHTTP2_INTERNAL_ERROR);
    }
  }

  /** The answer is whole, so what is still to come of the request is not needed (RFC 9113, 8.1). */
  #stopTheRest(): void {
    if (this.#stream.endAfterHeaders || this.#stream.readableEnded) return;
    const stop = (): void => this.#stream.close(NGHTTP2_NO_ERROR);
    if (this.#stream.writableFinished) stop();
    else this.#stream.once("finish", stop);
  }

  readonly #flush = (): void => {
    // without trailers to wait for node says that an answer is whole when it is broken off
    if (this.#head !== undefined) this.#respond({ waitForTrailers: true });
    for (const chunk of this.#held.splice(0)) if (this.#stream.writable) this.#stream.write(chunk);
  };

  #sendWhole(): void {
    const held = this.#held.splice(0);
    const body = held.length === 1 ? held[0]! : Buffer.concat(held);
    this.#respond({ endStream: body.length === 0 });
    if (body.length > 0 && this.#stream.writable) this.#stream.end(body);
  }

  #respond(options: { readonly endStream: boolean } | { readonly waitForTrailers: true }): void {
    const head = this.#head;
    this.#head = undefined;
    if (this.#stream.destroyed || this.#stream.closed) return;
    try {
      // by a list the fields keep their order, and repeated ones stay apart
      this.#stream.respond(head as never, { ...options, sendDate: false } as object);
    } catch {
      this.#stream.close(NGHTTP2_INTERNAL_ERROR);
    }
  }
}

/** Without the fields that HTTP/2 does not have. */
function allowed(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]!.toLowerCase();
    if (name === "content-length" || !HOP_FIELDS.has(name)) kept.push(name, headers[index + 1]!);
  }
  return kept;
}
