import { decodeContent } from "../../detection/content-coding.ts";
import { sniffCoding } from "../../detection/inflate.ts";
import type { Denial } from "../denial.ts";
import { deny, type Exchange, type Interceptor, routeOf } from "../exchange.ts";
import { HeldBytes } from "../held-bytes.ts";
import { inspectionContext } from "../inspection-context.ts";
import { Turns } from "../../shared/turns.ts";
import { countPassed } from "../upstream/passed-bytes.ts";
import { RefusedUnderWayError } from "../upstream/refused-under-way.ts";
import { describeFinding } from "./head-scan.ts";
import { scannedInWindows } from "./windowed-scan.ts";

/** of all bodies that are held at one moment: an agent may send hundreds at once */
const MOST_HELD_BYTES = 256 * 1024 * 1024;
/** the views of one may take as much again and more: such bodies are looked at by turns */
const LARGE_BYTES = 256 * 1024;
const LARGE_AT_ONCE = 2;
/** a body of so few, of a known length, costs half as much when it is sent as one piece, and is there no later */
const SMALL_BYTES = 256 * 1024;

/**
 * Lets no body out that was not looked at. With `scan: full` it is held whole,
 * up to maxBodyBytes, and inspected. With `inject-only` it streams, unless it
 * is small, and is searched for known values; the end of what came is held
 * back, so that not even the beginning of one leaves. With `streamed` what is larger than
 * maxBodyBytes, or of no known length, is inspected in windows as it passes.
 */
export function body(mostHeldBytes = MOST_HELD_BYTES): Interceptor {
  const budget = new HeldBytes(mostHeldBytes);
  const turns = new Turns(LARGE_AT_ONCE);
  return (next) => async (exchange) => {
    if (!exchange.fields.hasBody) return next(exchange);
    const pass = wayToPass(exchange);
    if (pass !== undefined) return next(streamed(exchange, pass));
    const held = { bytes: 0, budget, turns };
    try {
      const refused = await holdAndInspect(exchange, held);
      return refused === undefined ? await next(exchange) : deny(refused);
    } finally {
      budget.giveBack(held.bytes);
      // what node keeps of an exchange for a while must not keep the bytes as well
      exchange.body = undefined;
    }
  };
}

/** How a body is looked at while it passes; undefined when it is held. */
function wayToPass(exchange: Exchange): typeof searched | undefined {
  const { scan, maxBodyBytes } = routeOf(exchange);
  const { contentLength = Infinity } = exchange.fields;
  if (scan === "full" || isHeld(exchange)) return undefined;
  if (scan === "inject-only") {
    return contentLength <= Math.min(SMALL_BYTES, maxBodyBytes) ? undefined : searched;
  }
  return contentLength > maxBodyBytes ? scannedInWindows : undefined;
}

/** What one body takes of the memory that all may take together. */
interface Held {
  bytes: number;
  readonly budget: HeldBytes;
  readonly turns: Turns;
}

/** The upstream is told the length when there is one; without it the body goes out chunked, as it came. */
function streamed(exchange: Exchange, pass: typeof searched): Exchange {
  const { contentLength } = exchange.fields;
  if (contentLength !== undefined) {
    exchange.headers = [...exchange.headers, "content-length", `${contentLength}`];
  }
  exchange.agent.continue();
  exchange.body = pass(exchange, chunksOf(exchange));
  return exchange;
}

async function holdAndInspect(exchange: Exchange, held: Held): Promise<Denial | undefined> {
  const { maxBodyBytes } = routeOf(exchange);
  if ((exchange.fields.contentLength ?? 0) > maxBodyBytes) return tooLarge(maxBodyBytes);
  exchange.agent.continue();
  const bytes = await hold(exchange, maxBodyBytes, held);
  if (bytes === "too large") return tooLarge(maxBodyBytes);
  if (bytes === "too much") {
    return { code: "TooMuchHeld", because: "too many large bodies are on their way at once" };
  }
  exchange.body = bytes;
  if (!isLarge(exchange, bytes)) return inspect(exchange, bytes);
  return held.turns.take(() => {
    // nobody waits for it any more, and others do
    if (exchange.agent.isGone) throw clientGone();
    return inspect(exchange, bytes);
  });
}

/** A body of a few bytes may be compressed a thousand times. */
function isLarge(exchange: Exchange, bytes: Uint8Array): boolean {
  return bytes.length > LARGE_BYTES || isEncoded(exchange) || sniffCoding(bytes) !== undefined;
}

/** Whether it is held even where bodies stream: it has to be decoded, or a signature goes over the whole of it. */
function isHeld(exchange: Exchange): boolean {
  const { auth } = routeOf(exchange);
  return isEncoded(exchange) || (auth.mode === "inject" && auth.carrier.in === "signature");
}

function isEncoded({ fields }: Exchange): boolean {
  const { contentEncoding } = fields;
  return contentEncoding !== undefined && !/^\s*(identity)?\s*$/i.test(contentEncoding);
}

/**
 * Reading may stop early without the connection going down: the refusal is still to be answered. Throws when the client
 * breaks the body off: a stream of HTTP/2 ends then as one that is whole does.
 */
async function* chunksOf({ agent }: Exchange): AsyncGenerator<Buffer> {
  for await (const chunk of agent.body.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  if (agent.isGone) throw clientGone();
}

const clientGone = (): Error => new Error("the client went away");

/** By events: an iterator costs more than the scan of a small body. Rejects when the client goes away. */
function hold(
  exchange: Exchange,
  maxBytes: number,
  held: Held,
): Promise<Uint8Array | "too large" | "too much"> {
  const source = exchange.agent.body;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const finish = (end: () => void): void => {
      source.off("data", onData).off("end", onEnd).off("close", onClose);
      end();
    };
    const onData = (chunk: Buffer): void => {
      exchange.requestBytes += chunk.length;
      countPassed(chunk.length);
      if (exchange.requestBytes > maxBytes) return finish(() => resolve("too large"));
      if (!held.budget.take(chunk.length)) return finish(() => resolve("too much"));
      held.bytes += chunk.length;
      chunks.push(chunk);
    };
    const onClose = (): void => finish(() => reject(clientGone()));
    const onEnd = (): void => {
      if (exchange.agent.isGone) return onClose();
      const [first = Buffer.alloc(0), ...more] = chunks.splice(0);
      finish(() => resolve(more.length === 0 ? first : Buffer.concat([first, ...more])));
    };
    source.on("data", onData).on("end", onEnd).on("close", onClose);
    // a stream of HTTP/2 without a byte ends while its head is looked at, and does not say so again
    if (source.readableEnded) onEnd();
    else if (source.destroyed) onClose();
  });
}

const inspect = (exchange: Exchange, bytes: Uint8Array): Promise<Denial | undefined> =>
  exchange.times.scanSlowly(() => look(exchange, bytes));

/** Looks at a body that is held. On an inject-only route only known values count. */
async function look(exchange: Exchange, bytes: Uint8Array): Promise<Denial | undefined> {
  const { contentType, contentEncoding } = exchange.fields;
  const { detector } = exchange.enforcement;
  if (routeOf(exchange).scan === "inject-only") {
    const decoded = await decodeContent(bytes, contentEncoding);
    if (decoded.kind === "opaque") return decoded;
    const finding = [decoded.bytes, ...decoded.layers]
      .map((layer) => detector.streamSearch("body").push(layer))
      .find((found) => found !== undefined);
    return finding === undefined ? undefined : { code: "SecretInBody", ...describeFinding(finding) };
  }
  const inspection = await detector.inspectBody(
    { bytes, contentType, contentEncoding },
    inspectionContext(exchange),
  );
  if (inspection.kind === "clean") return undefined;
  if (inspection.kind === "opaque") return inspection;
  return { code: "SecretInBody", ...describeFinding(inspection.finding) };
}

async function* searched(exchange: Exchange, chunks: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const { detector } = exchange.enforcement;
  const search = detector.streamSearch("body");
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    exchange.requestBytes += chunk.length;
    countPassed(chunk.length);
    const finding = exchange.times.scan(() => search.push(chunk));
    if (finding !== undefined) {
      throw new RefusedUnderWayError({ code: "SecretInBody", ...describeFinding(finding) });
    }
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const holdBack = search.pending();
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
