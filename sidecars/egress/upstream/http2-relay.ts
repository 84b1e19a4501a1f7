import { type ClientHttp2Stream, constants } from "node:http2";
import type { Answer } from "../agent/agent-stream.ts";
import type { Exchange, Outcome } from "../exchange.ts";
import { groupedByName } from "../request/fields.ts";
import { hostHeaderOf } from "../request/read-head.ts";
import { passedOn, trailersPassedOn } from "./answer-fields.ts";
import type { Http2Connection, Http2Upstream } from "./http2-upstream.ts";
import { countPassed } from "./passed-bytes.ts";
import { failed, RelayEnd } from "./relay-end.ts";

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR } = constants;
const { NGHTTP2_REFUSED_STREAM } = constants;
const ATTEMPTS = 3;

/** Sends a request over HTTP/2, if the upstream speaks it. */
export async function relayOverHttp2(
  exchange: Exchange,
  upstream: Http2Upstream,
): Promise<Outcome | "not spoken"> {
  for (let attempt = 1; ; attempt += 1) {
    let connection: Http2Connection | undefined;
    try {
      connection = await upstream.connection();
    } catch (error) {
      return failed(error);
    }
    if (connection === undefined) return "not spoken";
    const outcome = await send(exchange, connection, attempt < ATTEMPTS);
    if (outcome !== "not processed") return outcome;
  }
}

function send(
  exchange: Exchange,
  connection: Http2Connection,
  mayRepeat: boolean,
): Promise<Outcome | "not processed"> {
  return new Promise((resolve) => {
    const relay = new Http2Relay(exchange, resolve);
    // of a body that is on its way a part may be gone
    const isWhole = exchange.body === undefined || exchange.body instanceof Uint8Array;
    relay.begin(connection, mayRepeat && isWhole ? () => resolve("not processed") : undefined);
  });
}

class Http2Relay {
  readonly #exchange: Exchange;
  readonly #answer: Answer;
  readonly #end: RelayEnd;
  #stream: ClientHttp2Stream | undefined;
  /** what broke, when node says more than the stream's code does */
  #error: unknown;
  #status = 0;
  #bytes = 0;

  constructor(exchange: Exchange, resolve: (outcome: Outcome) => void) {
    this.#exchange = exchange;
    this.#answer = exchange.answer;
    this.#end = new RelayEnd(exchange, resolve, () => this.#cutOff());
  }

  /** `repeat`: what to do when the upstream has not looked at the request; undefined when it must not go out again. */
  begin(connection: Http2Connection, repeat: (() => void) | undefined): void {
    if (this.#end.isStopped || this.#exchange.agent.isGone) return this.#cutOff();
    const { body, agent } = this.#exchange;
    let stream: ClientHttp2Stream;
    try {
      stream = connection.request(fieldsOf(this.#exchange), {
        endStream: body === undefined,
        // without it node says that a body is whole when it is broken off, which one that is here cannot be
        waitForTrailers: body instanceof Uint8Array ? agent.trailers.length > 0 : body !== undefined,
      });
    } catch (error) {
      // the session ended before anything was sent
      if (repeat === undefined) return this.#end.fail(error);
      this.#end.forget();
      return repeat();
    }
    this.#stream = stream;
    this.#listen(stream, connection, repeat);
    if (body !== undefined) void this.#sendBody(stream, body);
  }

  #listen(stream: ClientHttp2Stream, connection: Http2Connection, repeat: (() => void) | undefined): void {
    stream.setTimeout(connection.silenceMs, () =>
      this.#fail(Object.assign(new Error("idle"), { code: "ETIMEDOUT" })),
    );
    stream.on("response", (headers, flags, raw: string[]) =>
      this.#guard(() => {
        this.#exchange.times.answered();
        this.#status = headers[":status"] ?? 0;
        this.#answer.start(this.#status, passedOn(raw));
        // an answer that is its head alone has to stay one frame: so gRPC says that a call failed at once
        if ((flags & NGHTTP2_FLAG_END_STREAM) !== 0) this.#finish([]);
        this.#passBody(stream);
      }),
    );
    stream.on("error", (error) => (this.#error = error));
    stream.once("wantTrailers", () => this.#sendTrailers(stream));
    stream.once("close", () => {
      const isUntouched = stream.rstCode === NGHTTP2_REFUSED_STREAM && !this.#answer.hasStarted;
      if (!isUntouched || repeat === undefined || this.#end.isSettled)
        return this.#broken(stream, connection);
      this.#end.forget();
      repeat();
    });
  }

  /** Begun after the head was told: node tells it a tick late, and gives data that came with it before. */
  #passBody(stream: ClientHttp2Stream): void {
    let trailers: readonly string[] = [];
    stream.on("trailers", (_headers: unknown, _flags: number, raw: string[]) => (trailers = raw));
    stream.on("data", (chunk: Buffer) =>
      this.#guard(() => {
        this.#bytes += chunk.length;
        countPassed(chunk.length);
        if (this.#answer.write(chunk)) return;
        stream.pause();
        this.#answer.onDrain(() => stream.resume());
      }),
    );
    // before node's own, by which a stream that has closed is destroyed; and node ends what was broken off as well
    stream.prependListener("end", () =>
      this.#guard(() => {
        if (!stream.destroyed && stream.rstCode === NGHTTP2_NO_ERROR) this.#finish(trailers);
      }),
    );
  }

  /** What an answer throws fails its exchange; in a handler of node's it would end all of them. */
  #guard(pass: () => void): void {
    try {
      pass();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #sendBody(stream: ClientHttp2Stream, body: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    if (body instanceof Uint8Array) return void stream.end(body);
    try {
      for await (const chunk of body) {
        if (this.#end.isSettled || stream.destroyed) return;
        if (!stream.write(chunk)) await drained(stream);
      }
      stream.end();
    } catch (error) {
      this.#fail(error);
    }
  }

  #sendTrailers(stream: ClientHttp2Stream): void {
    try {
      stream.sendTrailers(groupedByName(this.#exchange.trailersOf(this.#exchange)));
    } catch (error) {
      this.#fail(error);
    }
  }

  #finish(trailers: readonly string[]): void {
    if (this.#end.isSettled) return;
    this.#answer.end(trailersPassedOn(trailers));
    this.#end.settle({ kind: "relayed", status: this.#status, responseBytes: this.#bytes });
    // the answer is whole, and what is still to come of the request is not needed
    if (this.#stream?.writableFinished === false) this.#stream.close(NGHTTP2_CANCEL);
  }

  #broken({ rstCode }: ClientHttp2Stream, { session }: Http2Connection): void {
    const isProtocolError = rstCode === NGHTTP2_PROTOCOL_ERROR;
    const reset = { code: isProtocolError ? "ERR_HTTP2_PROTOCOL_ERROR" : "ERR_HTTP2_STREAM_ERROR" };
    const closed = this.#error ?? { code: "UND_ERR_SOCKET" };
    this.#end.fail(session.destroyed || rstCode === NGHTTP2_NO_ERROR ? closed : reset, rstCode);
  }

  #fail(error: unknown): void {
    this.#end.fail(error);
    this.#stream?.close(NGHTTP2_CANCEL);
  }

  #cutOff(): void {
    this.#end.fail(new Error("stopped"), NGHTTP2_CANCEL);
    this.#stream?.close(NGHTTP2_CANCEL);
  }
}

function fieldsOf({ head, headers, query, body, fields }: Exchange): string[] {
  return [
    ...[":method", head.method, ":scheme", head.scheme],
    ...[":authority", hostHeaderOf(head), ":path", head.path + query],
    ...headers,
    ...(fields.takesTrailers ? ["te", "trailers"] : []),
    ...(body instanceof Uint8Array && fields.contentLength !== undefined
      ? ["content-length", `${body.length}`]
      : []),
  ];
}

function drained(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      stream.off("drain", settle).off("close", settle);
      resolve();
    };
    stream.on("drain", settle).on("close", settle);
  });
}
