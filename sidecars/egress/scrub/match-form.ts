import { AMPERSAND, BACKSLASH, PERCENT, readEscape } from "./escapes.ts";
import { type Form, isAlphanumeric } from "./forms.ts";
import { fold, matchCharacter, MORE, NONE } from "./match-character.ts";

interface More {
  readonly kind: "more";
  readonly start: number;
  /** from here on the bytes must not be passed on yet */
  readonly holdFrom: number;
}

/** What stands at a place: all of it, what the bytes end within, or nothing. */
export type Match =
  | {
      readonly kind: "match";
      readonly start: number;
      readonly end: number;
      /** what stood between its units */
      readonly separator: Uint8Array;
    }
  | More
  | undefined;

/** longest separator: that of an indented array of JSON */
const LONGEST_SEPARATOR = 24;
/** With separators and line breaks this much is passed on before it is held back: a line that ends like a value begins must not wait. */
const UNITS_LET_GO = 3;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Whether a form of a value stands at `at`: in any case, each character as it
 * is or escaped, broken into lines, or with one and the same separator after
 * each unit, as arrays of characters and UTF-16 have it.
 */
export function matchForm(form: Form, bytes: Uint8Array, at: number): Match {
  const literal = matchLiteral(form, bytes, at);
  if (literal !== undefined) return literal;
  const from = matchUnit(form, 0, bytes, at);
  if (from === NONE) return undefined;
  return from === MORE ? { kind: "more", start: at, holdFrom: at } : matchFrom(form, bytes, { at, from });
}

/** Byte for byte, so that what looks like an escape within a value is found as it is. */
function matchLiteral({ characters }: Form, bytes: Uint8Array, at: number): Match {
  for (let index = 0; index < characters.length; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return { kind: "more", start: at, holdFrom: at };
    if (byte !== characters[index]) return undefined;
  }
  const end = at + characters.length;
  return { kind: "match", start: at, end, separator: bytes.slice(end, end) };
}

interface Beginning {
  readonly at: number;
  /** end of the first unit */
  readonly from: number;
}

/** Tries every separator that the first two units may have between them, the empty one first. */
function matchFrom(form: Form, bytes: Uint8Array, beginning: Beginning): Match {
  const most = form.maySplit ? Math.min(LONGEST_SEPARATOR, bytes.length - beginning.from) : 0;
  let more: More | undefined;
  for (let length = 0; length <= most; length += 1) {
    if (length > 0 && !mayBegin(form, 1, bytes[beginning.from + length])) continue;
    const match = matchRest(form, bytes, beginning, length);
    if (match?.kind === "match") return match;
    if (match !== undefined) more = earlierHeld(match, more);
  }
  return more;
}

const earlierHeld = (one: More, other: More | undefined): More =>
  other === undefined || one.holdFrom < other.holdFrom ? one : other;

/** Whether a unit may begin with a byte; quick, since most separators that are tried are none. */
function mayBegin(form: Form, unit: number, byte: number | undefined): boolean {
  const wanted = form.characters[form.units?.[unit] ?? unit] ?? 0;
  if (byte === undefined || !isAlphanumeric(wanted)) return true;
  return fold(byte) === fold(wanted) || byte === PERCENT || byte === BACKSLASH || byte === AMPERSAND;
}

/** `length`: of the separator */
function matchRest(form: Form, bytes: Uint8Array, { at, from }: Beginning, length: number): Match {
  const count = (form.units ?? form.characters).length;
  let position = from;
  let firstHeld = bytes.length;
  for (let unit = 1; unit < count; unit += 1) {
    if (unit === UNITS_LET_GO) firstHeld = position;
    position = afterSeparator(bytes, position, from, length);
    if (position >= 0) position = matchUnitOrBreak(form, unit, bytes, position);
    if (position === NONE) return undefined;
    if (position === MORE) {
      const mayBeAny = length > 0 || (unit < UNITS_LET_GO && bytes.at(-1) === LINE_FEED);
      return { kind: "more", start: at, holdFrom: mayBeAny ? firstHeld : at };
    }
  }
  return { kind: "match", start: at, end: position, separator: bytes.slice(from, from + length) };
}

function afterSeparator(bytes: Uint8Array, at: number, from: number, length: number): number {
  for (let index = 0; index < length; index += 1) {
    if (at + index >= bytes.length) return MORE;
    if (bytes[at + index] !== bytes[from + index]) return NONE;
  }
  return at + length;
}

/** Encoded text is broken into lines wherever a line is full. */
function matchUnitOrBreak(form: Form, unit: number, bytes: Uint8Array, at: number): number {
  const next = matchUnit(form, unit, bytes, at);
  if (next !== NONE || isAlphanumeric(bytes[at] ?? 0)) return next;
  const after = afterLineBreak(bytes, at);
  return after < 0 ? after : matchUnit(form, unit, bytes, after);
}

/** The soft line break of quoted-printable, the hard ones, and those of strings in JSON. */
function afterLineBreak(bytes: Uint8Array, from: number): number {
  const start = bytes[from] === 0x3d ? from + 1 : from;
  const after = afterCode(bytes, start, CARRIAGE_RETURN);
  return after === NONE
    ? afterCode(bytes, start, LINE_FEED)
    : after < 0
      ? after
      : afterCode(bytes, after, LINE_FEED);
}

function afterCode(bytes: Uint8Array, at: number, code: number): number {
  const byte = bytes[at];
  if (byte === undefined) return MORE;
  if (byte === code) return at + 1;
  const escape = readEscape(bytes, at);
  if (escape === "incomplete") return MORE;
  return escape?.code === code ? escape.next : NONE;
}

/** Where the unit that begins at `at` ends; NONE; or MORE when the bytes end first. */
function matchUnit(form: Form, unit: number, bytes: Uint8Array, at: number): number {
  if (form.units === undefined) return matchCharacter(form, unit, bytes, at);
  const end = form.units[unit + 1] ?? form.characters.length;
  let position = at;
  for (let index = form.units[unit] ?? 0; index < end; index += 1) {
    position = matchCharacter(form, index, bytes, position);
    if (position < 0) return position;
  }
  return position;
}
