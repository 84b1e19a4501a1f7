import type { Finding, KnownValue, StreamSearch } from "./detector.ts";
import { createGramIndex } from "./gram-index.ts";
import { holdsRandomness, pieceAround, type ValuePiece } from "./value-pieces.ts";

/** Shorter values would be found in everything; docs/security.md says so. */
const SHORTEST = 6;

interface Needle {
  readonly id: string;
  /** bytes as a Latin-1 string */
  readonly text: string;
  readonly form: string;
  readonly inPieces: boolean;
}

/** Exact search for values that are held, in the forms in which they may be written. */
export interface KnownValueSearch {
  /** characters of the longest form of any value */
  readonly longest: number;
  /** `onPiece` is told of long enough pieces of values, which may be the rest of one that was split */
  find(
    text: string,
    bytes: Uint8Array,
    location: string,
    onPiece?: (piece: ValuePiece) => void,
  ): Finding | undefined;
  /** for texts whose case was folded on the way, such as host names */
  findFolded(text: string, location: string): Finding | undefined;
  stream(location: string): StreamSearch;
}

/** `text` everywhere is bytes as a Latin-1 string. */
export function createKnownValueSearch(values: readonly KnownValue[]): KnownValueSearch {
  const needles = values.flatMap(needlesOf);
  const longest = needles.reduce((most, { text }) => Math.max(most, text.length), 0);
  const find = searchIn(needles);
  const findFolded = searchIn(needles.map((needle) => ({ ...needle, text: needle.text.toLowerCase() })));
  return {
    longest,
    find,
    findFolded: (text, location) =>
      findFolded(text.toLowerCase(), Buffer.from(text.toLowerCase(), "latin1"), location),
    stream(location) {
      let tail = "";
      return {
        push(chunk) {
          const text = tail + latin1Of(chunk);
          tail = longest <= 1 ? "" : text.slice(1 - longest);
          return find(text, Buffer.from(text, "latin1"), location);
        },
        pending: () => beginningAt(tail, needles),
      };
    },
  };
}

/** The bytes as a string with one character a byte. */
export const latin1Of = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");

function searchIn(needles: readonly Needle[]): KnownValueSearch["find"] {
  const visitGrams = createGramIndex(needles);
  return (text, bytes, location, onPiece) =>
    visitGrams(bytes, (index, begins, offset) => {
      const { id, text: needle, form, inPieces } = needles[index]!;
      if (text.startsWith(needle, begins) && begins >= 0)
        return { rule: "known-value", location: `${location} (${form})`, shape: id };
      if (inPieces && onPiece !== undefined) {
        const piece = pieceAround(text, needle, begins, offset);
        if (piece !== undefined) onPiece({ ...piece, id, length: needle.length });
      }
      return undefined;
    });
}

/** Characters at the end of a text with which a needle may begin. */
function beginningAt(text: string, needles: readonly Needle[]): number {
  for (let at = 0; at < text.length; at += 1) {
    const end = text.slice(at);
    if (
      needles.some(({ text: needle }) => needle.charCodeAt(0) === end.charCodeAt(0) && needle.startsWith(end))
    )
      return end.length;
  }
  return 0;
}

function needlesOf({ id, value: held }: KnownValue): Needle[] {
  // a line end of the file that it came from is no part of it, and is not sent when it is injected
  const value = held.trim();
  const bytes = Buffer.from(value, "utf8");
  if (bytes.length < SHORTEST) return [];
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
  const inPieces = holdsRandomness(raw);
  return forms
    .filter(([, text]) => !seen.has(text) && seen.add(text))
    .map(([form, text]) => ({ id, form, text, inPieces: inPieces && form === "raw" }));
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
