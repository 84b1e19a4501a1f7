import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import type { Transform } from "node:stream";

/** zstd data may be frames in a row, of which some hold nothing; more are no upload but an attack on the scanner */
const MAX_FRAMES = 64;

/** What came out of compressed bytes. */
export interface Inflated {
  readonly bytes: Buffer;
  /** broken: the bytes are cut off, damaged, or go on after their end, where a reader may find more */
  readonly end: "whole" | "broken" | "tooLarge";
}

/** Codings that can be undone, as Content-Encoding calls them. */
export type Coding = "gzip" | "x-gzip" | "br" | "zstd" | "deflate";

type Engine = Transform & { readonly bytesWritten: number };

const engines: Readonly<Record<Coding, (bytes: Uint8Array) => Engine>> = {
  gzip: () => createGunzip(),
  "x-gzip": () => createGunzip(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
  // without the zlib wrapper, as old clients send it
  deflate: (bytes) => (isZlib(bytes) ? createInflate() : createInflateRaw()),
};

export const isCoding = (coding: string): coding is Coding => Object.hasOwn(engines, coding);

/** Undoes one coding, as far as that goes, and holds no more than `mostBytes` of what comes out. */
export async function inflate(bytes: Uint8Array, coding: Coding, mostBytes: number): Promise<Inflated> {
  const outputs: Buffer[] = [];
  let [left, rest] = [mostBytes, bytes];
  for (let frame = 0; frame < MAX_FRAMES; frame += 1) {
    const { output, used, end } = await inflateOne(rest, engines[coding](rest), left);
    outputs.push(output);
    left -= output.length;
    rest = rest.subarray(used);
    // node gives nothing of a member behind which there is something else
    if (end === "broken" && left === mostBytes && output.length === 0 && coding.endsWith("gzip"))
      return { bytes: (await inflateRaw(withoutGzipHead(bytes), mostBytes)).bytes, end };
    const isOver = end !== "whole" || rest.length === 0;
    if (isOver) return { bytes: joined(outputs), end };
    if (coding !== "zstd" || used === 0) break;
  }
  return { bytes: joined(outputs), end: "broken" };
}

/** Undoes deflate that has no wrapper at all (RFC 1951), as zip archives have it. What comes after it is not looked at. */
export async function inflateRaw(bytes: Uint8Array, mostBytes: number): Promise<Inflated> {
  const { output, end } = await inflateOne(bytes, createInflateRaw(), mostBytes);
  return { bytes: output, end };
}

/** RFC 1952 §2.3: ten bytes, and what their flags say that follows. */
function withoutGzipHead(bytes: Uint8Array): Uint8Array {
  const flags = bytes[3] ?? 0;
  let from = 10;
  if ((flags & 0x04) !== 0) from += 2 + (bytes[from] ?? 0) + 256 * (bytes[from + 1] ?? 0);
  for (const text of [0x08, 0x10]) {
    if ((flags & text) !== 0) from = bytes.indexOf(0, from) + 1;
  }
  return bytes.subarray((flags & 0x02) === 0 ? from : from + 2);
}

interface Frame {
  readonly output: Buffer;
  /** bytes of the input that belong to it */
  readonly used: number;
  readonly end: Inflated["end"];
}

function inflateOne(bytes: Uint8Array, engine: Engine, mostBytes: number): Promise<Frame> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (end: Inflated["end"]): void => {
      resolve({ output: joined(chunks), used: engine.bytesWritten, end });
      engine.destroy();
    };
    engine.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > mostBytes) return finish("tooLarge");
      chunks.push(chunk);
    });
    engine.once("end", () => finish("whole"));
    engine.on("error", () => finish("broken"));
    // ended later, so that what is cut off gives what it has before its end is missed
    engine.write(bytes, () => engine.end());
  });
}

const joined = (parts: readonly Buffer[]): Buffer => (parts.length === 1 ? parts[0]! : Buffer.concat(parts));

/** RFC 1950 §2.2: compression method 8 and a check that makes the first two bytes a multiple of 31. */
const isZlib = (bytes: Uint8Array): boolean =>
  ((bytes[0] ?? 0) & 0x0f) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0;

/** First bytes by coding, with a mask for those of which some bits vary. */
const BEGINNINGS = [
  // RFC 1952 §2.3.1: 8 is the one method there is
  { coding: "gzip", first: 0x1f, mask: 0xff, rest: [0x8b, 8] },
  { coding: "zstd", first: 0x28, mask: 0xff, rest: [0xb5, 0x2f, 0xfd] },
  // RFC 8878 §3.1.2: a frame to be skipped, which may come first
  { coding: "zstd", first: 0x50, mask: 0xf0, rest: [0x2a, 0x4d, 0x18] },
  // RFC 1950: what compressors write; x^, of another level, may begin a text
  { coding: "deflate", first: 0x78, mask: 0xff, rest: [0x01] },
  { coding: "deflate", first: 0x78, mask: 0xff, rest: [0x9c] },
  { coding: "deflate", first: 0x78, mask: 0xff, rest: [0xda] },
] as const;

/** The coding that the first bytes show, for compressed data that no header announces. */
export function sniffCoding(bytes: Uint8Array): "gzip" | "zstd" | "deflate" | undefined {
  const begins = ({ first, mask, rest }: (typeof BEGINNINGS)[number]): boolean =>
    ((bytes[0] ?? 0) & mask) === first && rest.every((byte, index) => bytes[index + 1] === byte);
  return BEGINNINGS.find(begins)?.coding;
}
