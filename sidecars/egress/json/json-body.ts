import { setImmediate } from "node:timers/promises";
import { decodeContent } from "../../detection/content-coding.ts";
import type { Denial } from "../denial.ts";
import type { Exchange } from "../exchange.ts";
import { RefusedUnderWayError } from "../upstream/refused-under-way.ts";
import type { JsonRules } from "./json-rules.ts";
import { JsonWalk, type WalkEnd } from "./json-walk.ts";

const SLICE = 64 * 1024;

/** What is asked of JSON, and what is answered when it is not as it must be. */
export interface JsonQuestion {
  readonly rules: JsonRules;
  /** of a text that a rule asks about */
  readonly mostTextBytes: number;
  denialOf(end: WalkEnd): Denial;
}

/** Asks bytes that are there as a whole; none at all are fine. Others are served in between when they are many. */
export async function askBytes(bytes: Uint8Array, question: JsonQuestion): Promise<Denial | undefined> {
  if (bytes.length === 0) return undefined;
  const walk = new JsonWalk(question.rules, question.mostTextBytes);
  for (let at = 0; at < bytes.length; at += SLICE) {
    if (at > 0) await setImmediate();
    const end = walk.push(bytes.subarray(at, at + SLICE));
    if (end !== undefined) return question.denialOf(end);
  }
  const end = walk.end();
  return end === undefined ? undefined : question.denialOf(end);
}

/**
 * Asks the body of an exchange: at once when it is held, with its content
 * codings undone; as it passes when it streams. Of one that streams the last
 * chunk leaves only when all was read, so nobody has a whole request that is refused.
 */
export async function askBody(exchange: Exchange, question: JsonQuestion): Promise<Denial | undefined> {
  const { body } = exchange;
  if (body === undefined) return undefined;
  if (!isUtf8(exchange.fields.contentType)) return question.denialOf({ kind: "charset" });
  if (body instanceof Uint8Array) {
    const decoded = await decodeContent(body, exchange.fields.contentEncoding);
    return decoded.kind === "opaque" ? decoded : askBytes(decoded.bytes, question);
  }
  exchange.body = readThrough(body, question);
  return undefined;
}

/** Every charset that the field names counts, whichever of them a server takes (RFC 8259, 8.1). */
function isUtf8(contentType = ""): boolean {
  const named = contentType.matchAll(/charset\s*(?:\*\s*)?=\s*"?([^\s";,]*)/gi);
  return [...named].every(([, charset = ""]) => /^(?:utf-?8|us-ascii)$/i.test(charset));
}

async function* readThrough(
  body: AsyncIterable<Uint8Array>,
  question: JsonQuestion,
): AsyncGenerator<Uint8Array> {
  const walk = new JsonWalk(question.rules, question.mostTextBytes);
  const refuse = (end: WalkEnd | undefined): void => {
    if (end !== undefined) throw new RefusedUnderWayError(question.denialOf(end));
  };
  let held: Uint8Array | undefined;
  for await (const chunk of body) {
    if (chunk.length === 0) continue;
    refuse(walk.push(chunk));
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held === undefined) return;
  refuse(walk.end());
  yield held;
}
