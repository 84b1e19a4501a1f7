import { afterBackslashes, AMPERSAND, BACKSLASH, PERCENT, readEscape } from "./escapes.ts";
import type { Form } from "./forms.ts";

/** Something else stands there. */
export const NONE = -1;
/** The bytes end before it can be told. */
export const MORE = -2;

/** Where a character of a form that stands at `at` in any case and any spelling ends; NONE; or MORE. */
export function matchCharacter(form: Form, index: number, bytes: Uint8Array, at: number): number {
  const wanted = form.characters[index] ?? 0;
  const byte = bytes[at];
  if (byte === undefined) return MORE;
  if (wanted > 0x7f) return matchBeyondAscii(wanted, bytes, at);
  const escapes = wanted === PERCENT || wanted === BACKSLASH || wanted === AMPERSAND;
  if (!escapes && isSame(form, byte, wanted)) return at + 1;
  return matchEscaped(form, wanted, bytes, at);
}

function matchEscaped(form: Form, wanted: number, bytes: Uint8Array, at: number): number {
  const escape = readEscape(bytes, at);
  if (escape === "incomplete") return MORE;
  if (escape !== undefined && isSame(form, escape.code, wanted)) return escape.next;
  if (bytes[at] === wanted) return afterEscaping(bytes, at);
  if (bytes[at] === BACKSLASH) {
    const after = afterBackslashes(bytes, at);
    return isSame(form, bytes[after] ?? 0, wanted) ? after + 1 : NONE;
  }
  return NONE;
}

/** Where a percent sign, a backslash or an ampersand ends, which is longer where it was itself escaped. */
function afterEscaping(bytes: Uint8Array, from: number): number {
  if (bytes[from] === BACKSLASH) return bytes[from + 1] === BACKSLASH ? from + 2 : from + 1;
  let at = from + 1;
  while (bytes[from] === PERCENT && bytes[at] === 0x32 && bytes[at + 1] === 0x35) at += 2;
  return at;
}

/** As one code (an escape, Latin-1), as the bytes of UTF-8, or as the halves of UTF-16. */
function matchBeyondAscii(wanted: number, bytes: Uint8Array, at: number): number {
  const text = String.fromCodePoint(wanted);
  let more = NONE;
  for (const codes of [text.toLowerCase(), text.toUpperCase()].flatMap(spellingsOf)) {
    const end = matchCodes(codes, bytes, at);
    if (end >= 0) return end;
    if (end === MORE) more = MORE;
  }
  return more;
}

const spellingsOf = (text: string): (readonly number[])[] => [
  [...Buffer.from(text, "utf8")],
  Array.from(text, (one) => one.codePointAt(0) ?? 0),
  Array.from({ length: text.length }, (_, index) => text.charCodeAt(index)),
];

function matchCodes(codes: readonly number[], bytes: Uint8Array, from: number): number {
  let at = from;
  for (const code of codes) {
    const byte = bytes[at];
    if (byte === undefined) return MORE;
    const escape = byte === code ? { code, next: at + 1 } : readEscape(bytes, at);
    if (escape === "incomplete") return MORE;
    if (escape?.code !== code) return NONE;
    at = escape.next;
  }
  return at;
}

/** Whether a character stands for the one that is wanted: in either case, either alphabet of base64, `+` for a space. */
function isSame(form: Form, code: number, wanted: number): boolean {
  if (fold(code) === fold(wanted)) return true;
  if (form.isBase64) return (wanted === 0x2b && code === 0x2d) || (wanted === 0x2f && code === 0x5f);
  return wanted === 0x20 && code === 0x2b;
}

/** Letters of ASCII in lower case. */
export const fold = (code: number): number => (code >= 0x41 && code <= 0x5a ? code | 0x20 : code);
