import { isBinary } from "./strings.ts";
import { inflate, inflateRaw, type Inflated } from "./inflate.ts";

/** less is not worth a decoder */
const LEAST_BYTES = 20;
/** of what a decoder makes of bytes that are none of its own */
const LEAST_OUTPUT = 12;
/** bytes that are looked at to tell compressed data from text and tables */
const SAMPLE = 256;
const FEW_BYTES = 64;

/** what browsers and tools send in binary: compressed by codecs of their own */
const MEDIA = [
  "\x89PNG",
  "\xff\xd8\xff",
  "GIF8",
  "RIFF",
  "%PDF",
  "PK\x03\x04",
  "\0\0\0",
  "OggS",
  "ID3",
  "wOF2",
  "\0asm",
];

/** Whether bytes may be compressed by a coding that shows nothing of itself, such as brotli. */
export function isOpaque(bytes: Uint8Array): boolean {
  if (bytes.length < LEAST_BYTES) return false;
  const sample = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SAMPLE));
  const beginning = sample.toString("latin1", 0, 4);
  if (MEDIA.some((magic) => beginning.startsWith(magic))) return false;
  let printable = 0;
  for (const byte of sample) if (byte >= 0x20 && byte < 0x7f) printable += 1;
  // of so few bytes the share says little
  if (bytes.length < FEW_BYTES) return printable < sample.length;
  return printable < sample.length * 0.7 || isBinary(sample.toString("latin1"));
}

/** What comes out of opaque bytes as deflate, with or without its wrapper, or as brotli; none when they are neither. */
export async function inflateBlindly(
  bytes: Uint8Array,
  mostBytes: number,
): Promise<readonly (Inflated & { readonly coding: "deflate" | "br" })[]> {
  const tries = await Promise.all([
    inflate(bytes, "deflate", mostBytes).then((one) => ({ ...one, coding: "deflate" as const })),
    inflateRaw(bytes, mostBytes).then((one) => ({ ...one, coding: "deflate" as const })),
    inflate(bytes, "br", mostBytes).then((one) => ({ ...one, coding: "br" as const })),
  ]);
  return tries.filter(({ bytes: { length }, end }) => length >= LEAST_OUTPUT || end === "whole");
}
