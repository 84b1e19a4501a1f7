import { decodeContent } from "../../detection/content-coding.ts";
import type { Denial } from "../denial.ts";
import { deny, type Exchange, type Interceptor, routeOf } from "../exchange.ts";
import { RefusedUnderWayError } from "../upstream/refused-under-way.ts";
import { describeFinding } from "./head-scan.ts";

/** a form of a known value is at most this much longer than the value: `\u00XX` a byte */
const LONGEST_ENCODING = 6;

/**
 * Lets no body out that was not looked at. With `scan: full` it is held whole,
 * up to maxBodyBytes, and inspected. With `inject-only` it streams and is
 * searched for known values; the end of what came is held back, so that not
 * even the beginning of one leaves.
 */
export function body(): Interceptor {
  return (next) => async (exchange) => {
    if (!exchange.fields.hasBody) return next(exchange);
    const streams = routeOf(exchange).scan === "inject-only" && !isEncoded(exchange);
    const refused = streams ? stream(exchange) : await holdAndInspect(exchange);
    return refused === undefined ? next(exchange) : deny(refused);
  };
}

/** The upstream is told the length when there is one; without it the body goes out chunked, as it came. */
function stream(exchange: Exchange): undefined {
  const { contentLength } = exchange.fields;
  if (contentLength !== undefined) {
    exchange.headers = [...exchange.headers, "content-length", `${contentLength}`];
  }
  if (exchange.awaitsContinue) exchange.response.writeContinue();
  exchange.body = searched(exchange);
}

async function holdAndInspect(exchange: Exchange): Promise<Denial | undefined> {
  const { maxBodyBytes } = routeOf(exchange);
  if ((exchange.fields.contentLength ?? 0) > maxBodyBytes) return tooLarge(maxBodyBytes);
  if (exchange.awaitsContinue) exchange.response.writeContinue();
  const held = await hold(exchange, maxBodyBytes);
  if (held === undefined) return tooLarge(maxBodyBytes);
  exchange.body = held;
  return inspect(exchange, held);
}

function isEncoded({ fields }: Exchange): boolean {
  const { contentEncoding } = fields;
  return contentEncoding !== undefined && !/^\s*(identity)?\s*$/i.test(contentEncoding);
}

/** Reading may stop early without the connection going down: the refusal is still to be answered. */
function chunksOf({ request }: Exchange): AsyncIterable<Buffer> {
  return request.iterator({ destroyOnReturn: false });
}

/** Undefined when there is more than `maxBytes`. By events: an iterator costs more than the scan of a small body. */
function hold(exchange: Exchange, maxBytes: number): Promise<Uint8Array | undefined> {
  const { request } = exchange;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const finish = (end: () => void): void => {
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      end();
    };
    const onData = (chunk: Buffer): void => {
      exchange.requestBytes += chunk.length;
      if (exchange.requestBytes <= maxBytes) chunks.push(chunk);
      else finish(() => resolve(undefined));
    };
    const onEnd = (): void => finish(() => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    const onClose = (): void => finish(() => reject(new Error("the client went away")));
    request.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}

/** Looks at a body that is held. On an inject-only route only known values count. */
async function inspect(exchange: Exchange, bytes: Uint8Array): Promise<Denial | undefined> {
  const { contentType, contentEncoding } = exchange.fields;
  const { detector } = exchange.enforcement;
  if (routeOf(exchange).scan === "inject-only") {
    const decoded = await decodeContent(bytes, contentEncoding);
    if (decoded.kind === "opaque") return decoded;
    const finding = detector.streamSearch("body").push(decoded.bytes);
    return finding === undefined ? undefined : { code: "SecretInBody", ...describeFinding(finding) };
  }
  const inspection = await detector.inspectBody({ bytes, contentType, contentEncoding });
  if (inspection.kind === "clean") return undefined;
  if (inspection.kind === "opaque") return inspection;
  return { code: "SecretInBody", ...describeFinding(inspection.finding) };
}

async function* searched(exchange: Exchange): AsyncGenerator<Uint8Array> {
  const { detector, longestSecret } = exchange.enforcement;
  const holdBack = longestSecret * LONGEST_ENCODING;
  const search = detector.streamSearch("body");
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunksOf(exchange)) {
    exchange.requestBytes += chunk.length;
    const finding = search.push(chunk);
    if (finding !== undefined) {
      throw new RefusedUnderWayError({ code: "SecretInBody", ...describeFinding(finding) });
    }
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    if (held.length <= holdBack) continue;
    yield held.subarray(0, held.length - holdBack);
    held = held.subarray(held.length - holdBack);
  }
  if (held.length > 0) yield held;
}

function tooLarge(maxBytes: number): Denial {
  const because = `the body is larger than the ${maxBytes} bytes that are scanned on this route`;
  return { code: "BodyTooLarge", because };
}
