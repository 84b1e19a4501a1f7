import { constants, type ServerHttp2Stream } from "node:http2";
import type { AgentStream, Answer } from "./agent-stream.ts";
import { Http2Answer } from "./http2-answer.ts";

const { NGHTTP2_CANCEL } = constants;

/** One request over HTTP/2 and its answer, as node's session has them. */
export class Http2Stream implements AgentStream {
  readonly version = 2;
  /** each stream stands alone: what comes or not after its answer puts no other out of step */
  readonly expects = false;
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly hasUntoldBody: boolean;
  readonly answer: Answer;
  readonly #stream: ServerHttp2Stream;
  #trailers: readonly string[] = [];

  /** `raw`: name, value, name, value, … with the pseudo fields, which nghttp2 has seen to come once and first. */
  constructor(stream: ServerHttp2Stream, raw: readonly string[]) {
    const { pseudo, fields } = split(raw);
    this.#stream = stream;
    this.method = pseudo.get(":method") ?? "";
    this.target = targetOf(pseudo);
    const authority = pseudo.get(":authority");
    const hasHost = fields.some((name, index) => index % 2 === 0 && name === "host");
    this.rawHeaders = hasHost || authority === undefined ? fields : ["host", authority, ...fields];
    this.hasUntoldBody = !stream.endAfterHeaders;
    this.answer = new Http2Answer(stream);
    stream.on("trailers", (_headers: unknown, _flags: number, trailers: string[]) => {
      this.#trailers = trailers;
    });
    // what broke is seen by its end
    stream.on("error", () => undefined);
  }

  get body(): ServerHttp2Stream {
    return this.#stream;
  }

  get trailers(): readonly string[] {
    return this.#trailers;
  }

  get isComplete(): boolean {
    return this.#stream.endAfterHeaders || this.#stream.readableEnded;
  }

  get isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  /** A stream that is reset closes only when what came of its body has been read. */
  onGone(act: () => void): void {
    if (this.isGone) process.nextTick(act);
    else this.#stream.on("aborted", act).on("close", act);
  }

  forgetGone(act: () => void): void {
    this.#stream.off("aborted", act).off("close", act);
  }

  continue(): void {
    const isWaiting = /^100-continue$/i.test(expectationOf(this.rawHeaders) ?? "");
    if (isWaiting && !this.isGone) this.#stream.additionalHeaders({ ":status": 100 });
  }

  cut(): void {
    this.#stream.close(NGHTTP2_CANCEL);
  }
}

/**
 * The target in absolute form, so that authority and scheme are compared with where the connection leads as those of a
 * URL in HTTP/1.1 are. Without an authority the Host field speaks, and the target is a path. Empty when the parts are not
 * ones that make a URL of that meaning: it is refused as no target.
 */
function targetOf(pseudo: ReadonlyMap<string, string>): string {
  const path = pseudo.get(":path") ?? "";
  const scheme = pseudo.get(":scheme") ?? "";
  const authority = pseudo.get(":authority");
  const isPath = path.startsWith("/") && /^https?$/.test(scheme);
  if (!isPath || authority === undefined) return isPath ? path : "";
  return /[/?#\\]/.test(authority) ? "" : `${scheme}://${authority}${path}`;
}

/** Cookies may come in crumbs; whoever reads them takes them for one field (RFC 9113, 8.2.3), and so does the scan. */
function split(raw: readonly string[]): { pseudo: Map<string, string>; fields: string[] } {
  const pseudo = new Map<string, string>();
  const fields: string[] = [];
  let cookieAt = -1;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!;
    const value = raw[index + 1]!;
    if (name.startsWith(":")) pseudo.set(name, value);
    else if (name === "cookie" && cookieAt !== -1) fields[cookieAt] += `; ${value}`;
    else if (fields.push(name, value) > 0 && name === "cookie") cookieAt = fields.length - 1;
  }
  return { pseudo, fields };
}

function expectationOf(fields: readonly string[]): string | undefined {
  const at = fields.indexOf("expect");
  return at % 2 === 0 ? fields[at + 1] : undefined;
}
