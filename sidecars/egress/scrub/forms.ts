import { SHORTEST_KNOWN_VALUE } from "../../detection/known-values.ts";
import { readEscape } from "./escapes.ts";

/** One way of writing a value, as the characters that it comes to when escapes are undone. */
export interface Form {
  readonly name: string;
  /** code points; begins with a letter or digit, by which it is told, and ends with one or with a character beyond ASCII */
  readonly characters: Uint32Array;
  /** whether `+` and `/` may be written `-` and `_` */
  readonly isBase64: boolean;
  /** where units begin, between which there may be separators; undefined: with each character */
  readonly units: Uint32Array | undefined;
  /** whether there may be separators at all */
  readonly maySplit: boolean;
  /** writes another text in this form, unit by unit */
  readonly write: (text: string) => readonly string[];
}

/** With fewer characters a text with separators is too likely to be something else. */
const SHORTEST_SPLIT = 8;
/** of a form that lost its beginning, or has it hidden in what stands before it */
const LATE_BY = 4;
const SHORTEST_LATE = 16;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

type Draft = Pick<Form, "name"> & Partial<Form> & { readonly text: string };

const characters = (text: string): string[] => [...text];
const hexOf = (byte: number): string => byte.toString(16).padStart(2, "0");

/** All the forms of a value that are looked for. Those of which too little is left to tell them are not among them. */
export function formsOf(value: string): Form[] {
  const bytes = Buffer.from(value, "utf8");
  const drafts: Draft[] = [
    ...plainDrafts("raw", value),
    ...plainDrafts("reversed", characters(value).toReversed().join("")),
    ...plainDrafts("rot13", rot13(value)),
    inUnits("hex", bytes, hexOf),
    inUnits("hex", bytes, (byte) => `0x${hexOf(byte)}`),
    inUnits("decimal", bytes, (byte) => `${byte}`),
    ...base32Phases(bytes).map((text) => ({ name: "base32", text })),
    ...base64Drafts("base64", bytes),
    ...base64Drafts("base64 of UTF-16", Buffer.from(value, "utf16le")),
    ...base64Drafts("base64 of UTF-16", Buffer.from(value, "utf16le").swap16()),
    ...twiceBase64(bytes),
  ];
  const seen = new Set<string>();
  return drafts
    .filter(({ text, units }) => {
      const key = `${text} ${units?.length ?? ""}`;
      return !seen.has(key) && seen.add(key);
    })
    .flatMap(finished);
}

/** What looks like an escape within a value is read as one. */
const plainDrafts = (name: string, text: string): Draft[] => [
  { name, text },
  { name, text: withoutEscapes(Buffer.from(text, "utf8")) },
];

function withoutEscapes(bytes: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const escape = readEscape(bytes, at);
    const isEscape = escape !== undefined && escape !== "incomplete" && escape.next <= bytes.length;
    parts.push(
      isEscape ? Buffer.from(String.fromCodePoint(escape.code % 0x11_0000)) : bytes.subarray(at, at + 1),
    );
    at = isEscape ? escape.next : at + 1;
  }
  return Buffer.concat(parts).toString("utf8");
}

function finished(draft: Draft): Form[] {
  const form = formOf(draft, 0);
  if (form === undefined) return [];
  const late =
    draft.name === "raw" && form.characters.length >= SHORTEST_LATE ? formOf(draft, LATE_BY) : undefined;
  return late === undefined ? [form] : [form, late];
}

/**
 * Without the punctuation at both ends: what stands around a value may be more of it, or belong to an escape. What is
 * beyond ASCII at its beginning is left out as well.
 */
function formOf(draft: Draft, from: number): Form | undefined {
  const all = Uint32Array.from(characters(draft.text), (one) => one.codePointAt(0) ?? 0);
  const isTelling = (code: number): boolean => code > 0x7f || isAlphanumeric(code);
  const start = all.findIndex((code, index) => index >= from && isAlphanumeric(code));
  const end = all.findLastIndex(isTelling) + 1;
  if (start === -1) return undefined;
  const isCut = all.subarray(from, start).some((code) => code > 0x7f);
  // what is left of it would be found in everything
  if (isCut && end - start < SHORTEST_KNOWN_VALUE) return undefined;
  return {
    name: draft.name,
    characters: all.slice(start, end),
    isBase64: draft.isBase64 ?? false,
    units: draft.units,
    maySplit: end - start >= SHORTEST_SPLIT,
    write: draft.write ?? characters,
  };
}

function inUnits(name: string, bytes: Buffer, unitOf: (byte: number) => string): Draft {
  const units = [...bytes].map(unitOf);
  let at = 0;
  const starts = units.map((unit) => (at += unit.length) - unit.length);
  const write = (text: string): string[] => [...Buffer.from(text, "utf8")].map(unitOf);
  return { name, text: units.join(""), units: Uint32Array.from(starts), write };
}

const base64Drafts = (name: string, bytes: Buffer): Draft[] =>
  base64Phases(bytes).map((text) => ({ name, text, isBase64: true }));

/** In either alphabet within; the one outside is told apart by `isBase64`. */
function twiceBase64(bytes: Buffer): Draft[] {
  return base64Phases(bytes)
    .flatMap((inner) => [inner, inner.replaceAll("+", "-").replaceAll("/", "_")])
    .flatMap((inner) => base64Drafts("base64 twice", Buffer.from(inner, "latin1")));
}

/**
 * What base64 makes of the bytes at each of the three phases in which they may
 * stand in a longer text, without the characters that depend on the neighbours.
 */
function base64Phases(bytes: Buffer): string[] {
  return [0, 1, 2].map((phase) => {
    const text = Buffer.concat([Buffer.alloc(phase), bytes]).toString("base64");
    return text.slice(Math.ceil((phase * 8) / 6), Math.floor(((phase + bytes.length) * 8) / 6));
  });
}

/** The same of base32 (RFC 4648 §6), at its five phases. */
function base32Phases(bytes: Buffer): string[] {
  return [0, 1, 2, 3, 4].map((phase) => {
    const bits = "0".repeat(phase * 8) + [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const letters = (bits.match(/.{5}/g) ?? []).map((five) => BASE32[Number.parseInt(five, 2)]);
    return letters.slice(Math.ceil((phase * 8) / 5)).join("");
  });
}

function rot13(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => {
    const code = letter.charCodeAt(0);
    return String.fromCharCode((code & 0x1f) <= 13 ? code + 13 : code - 13);
  });
}

/** ASCII letters and digits. */
export function isAlphanumeric(code: number): boolean {
  const letter = code | 0x20;
  return (code >= 0x30 && code <= 0x39) || (letter >= 0x61 && letter <= 0x7a && code < 0x80);
}
