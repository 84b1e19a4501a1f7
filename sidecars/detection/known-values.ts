import { type Finding, type KnownValue, ruleOfKnownValue, type StreamSearch } from "./detector.ts";
import { lazily } from "../shared/lazily.ts";
import { createGramIndex, type IndexedText } from "./gram-index.ts";
import { holdsRandomness, pieceAround, shortestPiece, type ValuePiece } from "./value-pieces.ts";

/** Shorter values would be found in everything; docs/security.md says so. */
export const SHORTEST_KNOWN_VALUE = 6;

interface Needle extends IndexedText {
  readonly id: string;
  readonly bytes: Buffer;
  readonly form: string;
}

/** Exact search for values that are held, in the forms in which they may be written. */
export interface KnownValueSearch {
  /** bytes of the longest form of any value */
  readonly longest: number;
  /** `onPiece` is told of long enough pieces of values, which may be the rest of one that was split */
  find(bytes: Uint8Array, location: string, onPiece?: (piece: ValuePiece) => void): Finding | undefined;
  /** for texts whose case was folded on the way, such as host names */
  findFolded(text: string, location: string): Finding | undefined;
  stream(location: string): StreamSearch;
}

export function createKnownValueSearch(values: readonly KnownValue[]): KnownValueSearch {
  const needles = values.flatMap(needlesOf);
  const longest = needles.reduce((most, { bytes }) => Math.max(most, bytes.length), 0);
  const find = searchIn(needles);
  const findFolded = searchIn(needles.map((needle) => ({ ...needle, bytes: lowerCase(needle.bytes) })));
  // where pieces do not count fewer places are looked at
  const findWhole = lazily(() =>
    searchIn(needles.map((needle) => ({ ...needle, least: needle.bytes.length }))),
  );
  return {
    longest,
    find,
    findFolded: (text, location) => findFolded(Buffer.from(text.toLowerCase(), "latin1"), location),
    stream(location) {
      let tail: Buffer = Buffer.alloc(0);
      const most = Math.max(0, longest - 1);
      return {
        push(chunk) {
          // the chunk is searched where it lies: a copy of each would be garbage as large as the stream
          const border = Buffer.concat([tail, chunk.subarray(0, most)]);
          tail =
            chunk.length < most ? border.subarray(-most) : Buffer.from(chunk.subarray(chunk.length - most));
          return findWhole()(border, location) ?? findWhole()(chunk, location);
        },
        pending: () => beginningAt(tail, needles),
      };
    },
  };
}

const lowerCase = (bytes: Buffer): Buffer => Buffer.from(bytes.toString("latin1").toLowerCase(), "latin1");

/** The bytes as a string with one character a byte. */
export const latin1Of = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");

function searchIn(needles: readonly Needle[]): KnownValueSearch["find"] {
  const visitGrams = createGramIndex(needles);
  return (bytes, location, onPiece) =>
    visitGrams(bytes, (index, begins, offset) => {
      const { id, bytes: needle, form, least } = needles[index]!;
      if (standsAt(needle, bytes, begins))
        return { rule: ruleOfKnownValue(id), location: `${location} (${form})`, shape: id };
      if (least < needle.length && onPiece !== undefined) {
        const piece = pieceAround(bytes, needle, begins, offset);
        if (piece !== undefined && piece.end - piece.start >= least)
          onPiece({ ...piece, id, length: needle.length });
      }
      return undefined;
    });
}

function standsAt(needle: Uint8Array, bytes: Uint8Array, begins: number): boolean {
  if (begins < 0 || begins + needle.length > bytes.length) return false;
  for (let at = 0; at < needle.length; at += 1) if (bytes[begins + at] !== needle[at]) return false;
  return true;
}

/** Bytes at the end with which a needle may begin. */
function beginningAt(bytes: Buffer, needles: readonly Needle[]): number {
  for (let at = 0; at < bytes.length; at += 1) {
    const length = bytes.length - at;
    const mayBegin = needles.some(
      ({ bytes: needle }) =>
        needle[0] === bytes[at] && needle.length > length && standsAt(needle.subarray(0, length), bytes, at),
    );
    if (mayBegin) return length;
  }
  return 0;
}

function needlesOf({ id, value: held }: KnownValue): Needle[] {
  // a line end of the file that it came from is no part of it, and is not sent when it is injected
  const value = held.trim();
  const bytes = Buffer.from(value, "utf8");
  if (bytes.length < SHORTEST_KNOWN_VALUE) return [];
  const raw = bytes.toString("latin1");
  const json = JSON.stringify(value).slice(1, -1);
  const forms: [string, string][] = [
    ["raw", raw],
    ["reversed", [...raw].toReversed().join("")],
    ["hex", bytes.toString("hex")],
    ["hex", bytes.toString("hex").toUpperCase()],
    ["percent-encoded", encodeURIComponent(value)],
    ["JSON-escaped", Buffer.from(json, "utf8").toString("latin1")],
    ["JSON-escaped", Buffer.from(json.replaceAll("/", "\\/"), "utf8").toString("latin1")],
    ...base64Phases(bytes).flatMap((text): [string, string][] => [
      ["base64", text],
      ["base64url", text.replaceAll("+", "-").replaceAll("/", "_")],
    ]),
  ];
  const seen = new Set<string>();
  const piece = holdsRandomness(raw) ? shortestPiece(raw) : Infinity;
  return forms
    .filter(([, text]) => !seen.has(text) && seen.add(text))
    .map(([form, text]) => ({
      id,
      form,
      bytes: Buffer.from(text, "latin1"),
      least: form === "raw" ? Math.min(piece, text.length) : text.length,
    }));
}

/**
 * What base64 makes of the bytes at each of the three phases in which they may
 * stand in a longer text, without the characters that depend on the neighbours.
 */
function base64Phases(bytes: Buffer): string[] {
  return [0, 1, 2].map((phase) => {
    const text = Buffer.concat([Buffer.alloc(phase), bytes]).toString("base64");
    const first = [0, 2, 3][phase] ?? 0;
    const last = Math.floor(((phase + bytes.length) * 8) / 6);
    return text.slice(first, last);
  });
}
