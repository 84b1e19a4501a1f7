import {
  brotliDecompress,
  createInflateRaw,
  gunzip,
  inflate,
  zstdDecompress,
  type InputType,
} from "node:zlib";
import { promisify } from "node:util";
import type { Inspection } from "./detector.ts";

/** most codings that a body may be wrapped in */
const MAX_CODINGS = 3;
/** bytes that a body may decode to, whatever its size */
const MAX_DECODED_BYTES = 64 * 1024 * 1024;
/** how many times larger a body may become; brotli and zstd reach thousands only in bombs */
const MAX_RATIO = 200;
const RATIO_FREE_BYTES = 1024 * 1024;

type Decoder = (bytes: Uint8Array, maxOutputLength: number) => Promise<Buffer>;

const promised = (
  call: (
    input: InputType,
    options: { maxOutputLength: number },
    done: (error: Error | null, out: Buffer) => void,
  ) => void,
): Decoder => {
  const decode = promisify(call);
  return (bytes, maxOutputLength) => decode(bytes, { maxOutputLength });
};

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: promised(gunzip),
  "x-gzip": promised(gunzip),
  br: promised(brotliDecompress),
  zstd: promised(zstdDecompress),
  deflate: (bytes, limit) => (isZlib(bytes) ? promised(inflate)(bytes, limit) : inflateBare(bytes, limit)),
};

export type Decoded =
  { readonly kind: "decoded"; readonly bytes: Uint8Array } | Extract<Inspection, { kind: "opaque" }>;

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
  let current = bytes;
  for (const coding of codings.toReversed()) {
    const next = await decodeOne(current, coding);
    if (next.kind === "opaque") return next;
    current = next.bytes;
  }
  return { kind: "decoded", bytes: current };
}

async function decodeOne(bytes: Uint8Array, coding: string): Promise<Decoded> {
  const decode = decoders[coding];
  if (decode === undefined)
    return opaque("UnknownContentCoding", "the body has a content coding that cannot be undone");
  if (bytes.length === 0) return { kind: "decoded", bytes };
  try {
    return { kind: "decoded", bytes: await decode(bytes, limitFor(bytes.length)) };
  } catch (error) {
    const tooLarge =
      error instanceof RangeError || (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    return tooLarge
      ? opaque("BodyTooLarge", `the body grows too much when its ${coding} coding is undone`)
      : opaque("BodyUndecodable", `the body is not valid ${coding}`);
  }
}

const limitFor = (length: number): number =>
  Math.min(MAX_DECODED_BYTES, Math.max(RATIO_FREE_BYTES, length * MAX_RATIO));

const opaque = (code: Extract<Inspection, { kind: "opaque" }>["code"], because: string): Decoded => ({
  kind: "opaque",
  code,
  because,
});

/** RFC 1950 §2.2: compression method 8 and a check that makes the first two bytes a multiple of 31. */
const isZlib = (bytes: Uint8Array): boolean =>
  ((bytes[0] ?? 0) & 0x0f) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0;

/** `deflate` without the zlib wrapper, which old clients send. */
function inflateBare(bytes: Uint8Array, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const stream = createInflateRaw();
    stream.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) stream.destroy(new RangeError("too large"));
      else chunks.push(chunk);
    });
    stream.on("end", () => resolve(Buffer.concat(chunks)));
    stream.on("error", reject);
    stream.end(bytes);
  });
}

/** The coding that the first bytes show, for compressed data that no header announces. */
export function sniffCoding(bytes: Uint8Array): "gzip" | "zstd" | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "gzip";
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) return "zstd";
  return undefined;
}
