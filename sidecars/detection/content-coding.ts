import type { Inspection } from "./detector.ts";
import { inflate, isCoding } from "./inflate.ts";

/** most codings that a body may be wrapped in */
const MAX_CODINGS = 3;
/** bytes that a body may decode to, whatever its size */
const MAX_DECODED_BYTES = 64 * 1024 * 1024;
/** how many times larger a body may become; brotli and zstd reach thousands only in bombs */
const MAX_RATIO = 200;
const RATIO_FREE_BYTES = 1024 * 1024;

type Opaque = Extract<Inspection, { kind: "opaque" }>;

export interface DecodedContent {
  readonly kind: "decoded";
  readonly bytes: Uint8Array;
  /** the same before each coding was undone: names and comments in there are said to whoever receives it */
  readonly layers: readonly Uint8Array[];
}

export type Decoded = DecodedContent | Opaque;

/** Undoes `Content-Encoding` (RFC 9110 §8.4), the last coding first, within bounds of depth, ratio and size. */
export async function decodeContent(
  bytes: Uint8Array,
  contentEncoding: string | undefined,
): Promise<Decoded> {
  const codings = (contentEncoding ?? "")
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "" && coding !== "identity");
  if (codings.length > MAX_CODINGS)
    return opaque("UnknownContentCoding", `more than ${MAX_CODINGS} content codings`);
  const layers: Uint8Array[] = [];
  let current = bytes;
  for (const coding of codings.toReversed()) {
    const next = await decodeOne(current, coding);
    if ("kind" in next) return next;
    layers.push(current);
    current = next;
  }
  return { kind: "decoded", bytes: current, layers };
}

async function decodeOne(bytes: Uint8Array, coding: string): Promise<Uint8Array | Opaque> {
  if (!isCoding(coding))
    return opaque("UnknownContentCoding", "the body has a content coding that cannot be undone");
  if (bytes.length === 0) return bytes;
  const inflated = await inflate(bytes, coding, mostDecodedBytes(bytes.length));
  switch (inflated.end) {
    case "whole":
      return inflated.bytes;
    case "tooLarge":
      return opaque("BodyTooLarge", `the body grows too much when its ${coding} coding is undone`);
    case "broken":
      return opaque("BodyUndecodable", `the body is not valid ${coding}, or goes on after its end`);
    default:
      return inflated.end satisfies never;
  }
}

/** How many bytes may come out of so many compressed ones. */
export const mostDecodedBytes = (length: number): number =>
  Math.min(MAX_DECODED_BYTES, Math.max(RATIO_FREE_BYTES, length * MAX_RATIO));

const opaque = (code: Opaque["code"], because: string): Opaque => ({ kind: "opaque", code, because });
