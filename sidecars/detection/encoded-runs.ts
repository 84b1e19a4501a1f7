import { isUtf8 } from "node:buffer";
import { isOpaque } from "./blind-inflate.ts";
import { sniffCoding } from "./inflate.ts";
import { CAPITALS, characterClass, DIGITS, LETTERS_AND_DIGITS, runsOf } from "./runs.ts";
import { isBinary, stringsIn } from "./strings.ts";
import type { HiddenText } from "./unwrapping.ts";

const HEX = characterClass(`${DIGITS}abcdefABCDEF`);
/** both alphabets */
const BASE64 = characterClass(`${LETTERS_AND_DIGITS}+/-_`);
const BEGINS_TEXT = characterClass(`${CAPITALS}abcdef`);
const BASE32 = `${CAPITALS}234567`;
const BASE32_UPPER = characterClass(BASE32);
const BASE32_LOWER = characterClass(BASE32.toLowerCase());

const BASE32_VALUES = new Uint8Array(256);
for (const [value, character] of [...BASE32].entries()) {
  BASE32_VALUES[character.charCodeAt(0)] = value;
  BASE32_VALUES[character.toLowerCase().charCodeAt(0)] = value;
}

/** shorter runs hide nothing that a rule or a known value could match */
const SHORTEST_RUN = 16;
/** of base32, which says five bits a character */
const SHORTEST_BASE32 = 20;
/** of bytes that may be compressed by a coding that shows nothing of itself: hashes are shorter */
export const LEAST_OPAQUE = 72;
/** characters of a run in which different ones are counted: compressed data has fifty of base64's 64, paths and UUIDs have thirty at most */
const SAMPLE = 96;
/** shorter lines of base64 are not joined with the next */
const SHORTEST_LINE = 16;
/** characters of base64 that compressed data has at least, when there is a secret in it */
const LEAST_PACKED = 32;
/** places in one run where compressed data may begin: by chance there are none, in lines without padding some */
const MOST_PACKED = 8;
const INDENT = characterClass(" \t>");

interface Encoding {
  readonly form: string;
  /** places in a group of characters at which a run may begin */
  readonly phases: number;
  /** different characters at the beginning of a run of compressed data */
  readonly leastDifferent: number;
  readonly decode: (run: string) => Buffer;
}

const ENCODINGS = {
  base64: { form: "base64", phases: 4, leastDifferent: 36, decode: (run) => Buffer.from(run, "base64") },
  hex: { form: "hex", phases: 2, leastDifferent: 0, decode: (run) => Buffer.from(run, "hex") },
  base32: { form: "base32", phases: 8, leastDifferent: 0, decode: base32Decoded },
} as const satisfies Record<string, Encoding>;

/** What runs of base64, base32 and hexadecimal hold, one text an encoding; compressed data stands alone, for its own decoder. */
export function encodedRuns(text: string): HiddenText[] {
  const bytes = Buffer.from(text, "latin1");
  const runs = runsOf(bytes, BASE64, SHORTEST_RUN);
  // the others are of its alphabet
  if (runs.length === 0) return [];
  const compact = withoutLineBreaks(text);
  const isCompact = compact === text;
  const inBase64 = isCompact ? runs : runsOf(Buffer.from(compact, "latin1"), BASE64, SHORTEST_RUN);
  return [
    ...decodedRuns(compact, ENCODINGS.base64, inBase64),
    ...inBase64.flatMap(([start, end]) => packedBehind(compact, start, end)),
    ...decodedRuns(text, ENCODINGS.hex, runsOf(bytes, HEX, SHORTEST_RUN)),
    ...decodedRuns(text, ENCODINGS.base32, runsOf(bytes, BASE32_UPPER, SHORTEST_BASE32)),
    ...decodedRuns(text, ENCODINGS.base32, runsOf(bytes, BASE32_LOWER, SHORTEST_BASE32)),
  ];
}

/** A run may begin within a group of characters, where a slice cut it or something else of its alphabet stands before it. */
function decodedRuns(
  text: string,
  { form, phases, leastDifferent, decode }: Encoding,
  runs: readonly (readonly [number, number])[],
): HiddenText[] {
  const alone: HiddenText[] = [];
  let lines = "";
  for (const [start, end] of runs.filter((run) => !isOneCharacter(text, ...run))) {
    for (let from = start; from < start + phases; from += 1) {
      const isSure = from === start || start === 0 || form !== "base64" || mayHoldText(text, from, end);
      if (!isSure) continue;
      const run = text.slice(from, end);
      const decoded = decode(run);
      const isPacked = mayBeCompressed(decoded, run, from === start ? leastDifferent : Infinity);
      if (isPacked) alone.push({ form, text: decoded.toString("latin1"), isPacked });
      lines += textIn(decoded);
    }
  }
  return lines === "" ? alone : [{ form, text: lines }, ...alone];
}

/**
 * What is compressed, behind text of the same alphabet, such as segments of a path: told by how gzip and zstd begin.
 * Each place where they may begin is tried, for what stands before the right one may be a decoy; a run with more of
 * them than are tried cannot be seen through.
 */
function packedBehind(text: string, start: number, end: number): HiddenText[] {
  const run = text.slice(start + 1, end);
  const places = [...run.matchAll(/H4sI|KLUv[/_]/g)]
    .map(({ index }) => index)
    .filter((at) => run.length - at >= LEAST_PACKED);
  if (places.length > MOST_PACKED) return [{ form: "base64", text: "", isTooMuch: true }];
  return places.map((at) => {
    const decoded = Buffer.from(run.slice(at), "base64");
    return { form: "base64", text: decoded.toString("latin1"), isPacked: true };
  });
}

/** Padding and fillers: long ones would be decoded at every phase, and hide nothing. */
function isOneCharacter(text: string, start: number, end: number): boolean {
  const first = text.charCodeAt(start);
  for (let at = end - 1; at > start; at -= 1) if (text.charCodeAt(at) !== first) return false;
  return true;
}

/** What letters decode to by chance is hardly ever UTF-8: of that only what is printed in a row is text. */
function textIn(bytes: Buffer): string {
  const text = isUtf8(bytes) ? bytes.toString("latin1") : undefined;
  return text === undefined || isBinary(text) ? stringsIn(bytes) : `${text}\n`;
}

/** Of codings that show nothing of themselves only what is mixed as they are; words are written with letters of base64 as well. */
function mayBeCompressed(decoded: Buffer, run: string, leastDifferent: number): boolean {
  if (sniffCoding(decoded) !== undefined) return true;
  return decoded.length >= LEAST_OPAQUE && differentIn(run) >= leastDifferent && isOpaque(decoded);
}

function differentIn(run: string): number {
  const isSeen = new Uint8Array(128);
  let count = 0;
  for (let at = 0; at < run.length && at < SAMPLE; at += 1) {
    const code = run.charCodeAt(at);
    count += 1 - isSeen[code]!;
    isSeen[code] = 1;
  }
  return count;
}

/** MIME breaks base64 into lines (RFC 2045 §6.8); quotes of mails and files of settings indent them. */
function withoutLineBreaks(text: string): string {
  let [compact, from] = ["", 0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
    const end = text.charCodeAt(at - 1) === CARRIAGE_RETURN ? at - 1 : at;
    let length = 0;
    while (length < SHORTEST_LINE && BASE64[text.charCodeAt(end - 1 - length)] === 1) length += 1;
    if (length < SHORTEST_LINE) continue;
    let next = at + 1;
    while (next < at + SHORTEST_LINE && INDENT[text.charCodeAt(next)] === 1) next += 1;
    // where a part of a form ends there is nothing to go on with
    if (text.startsWith("--", next)) continue;
    compact += text.slice(from, end);
    from = next;
  }
  return from === 0 ? text : compact + text.slice(from);
}

const CARRIAGE_RETURN = 0x0d;

/** groups of four at either end that are looked at */
const GROUPS = 6;

/** Whether base64 that begins at `start` may be text where it begins or ends: of ASCII each group begins with A to Z or a to f. */
function mayHoldText(text: string, start: number, end: number): boolean {
  const isTextual = (first: number): boolean => {
    for (let at = first; at < first + GROUPS * 4 && at < end; at += 4)
      if (BEGINS_TEXT[text.charCodeAt(at)] !== 1) return false;
    return true;
  };
  const groups = Math.floor((end - start) / 4);
  return isTextual(start) || isTextual(start + Math.max(0, groups - GROUPS) * 4);
}

/** RFC 4648 §6, in either case. */
function base32Decoded(run: string): Buffer {
  const bytes = Buffer.alloc(Math.floor((run.length * 5) / 8));
  let [bits, held, at] = [0, 0, 0];
  for (let index = 0; index < run.length; index += 1) {
    held = ((held << 5) | BASE32_VALUES[run.charCodeAt(index)]!) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = (held >> bits) & 0xff;
    at += 1;
  }
  return bytes;
}

/** Runs of base64 that no slice holds whole, decoded: what is compressed in them can only be undone from its beginning. */
export function longRuns(text: string, shortest: number): Buffer[] {
  return runsOf(Buffer.from(text, "latin1"), BASE64, shortest).map(([start, end]) =>
    Buffer.from(text.slice(start, end), "base64"),
  );
}
