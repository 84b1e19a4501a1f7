import { fromCodePoint } from "./code-point.ts";
import { entitiesDecoded } from "./entities.ts";
import { folded } from "./folding.ts";

/** A text that another one hides: how, and what was hidden. */
export interface HiddenText {
  readonly form: string;
  /** bytes as a Latin-1 string */
  readonly text: string;
  /** compressed, so that there is nothing to be seen in it before that is undone */
  readonly isPacked?: boolean;
  /** more is hidden than is looked at */
  readonly isTooMuch?: boolean;
}

/** rounds of all decoders, one after the other; who wraps more is caught by depth */
const MAX_ROUNDS = 4;
const MAX_PERCENT_ROUNDS = 8;

/** The form in which RFC 2045 writes text that is mostly ASCII. */
export const QUOTED = "quoted-printable";

/** Decoders that write over a text in place, in the order in which writers nest them most. */
const DECODERS: readonly (readonly [form: string, decode: (text: string) => string])[] = [
  ["percent-encoded", percentDecoded],
  ["escaped", unescaped],
  ["entities", entitiesDecoded],
  ["encoded words", encodedWordsDecoded],
  [QUOTED, quotedPrintableDecoded],
  ["UTF-16", withoutNuls],
  ["lookalikes", folded],
];

/**
 * What the text is when escapes of all kinds are undone, to a fixed point: each
 * step of it that is another text. A secret may itself hold what looks like
 * percent-encoding, so the others are undone without that as well, first.
 */
export function* unwrapped(text: string): Generator<HiddenText> {
  if (text.includes("\\") && PERCENT.test(text)) yield* chainOf(text, DECODERS.slice(1));
  yield* chainOf(text, DECODERS);
}

function* chainOf(text: string, decoders: typeof DECODERS): Generator<HiddenText> {
  let current = text;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const before = current;
    for (const [form, decode] of decoders) {
      // percent-encoding is undone to its end first: who wraps it again wraps it many times
      const most = decode === percentDecoded ? MAX_PERCENT_ROUNDS : 1;
      for (let times = 0, next = decode(current); times < most && next !== current; next = decode(current)) {
        current = next;
        times += 1;
        yield { form, text: current };
      }
    }
    if (current === before) return;
  }
}

const PERCENT = /%(?:u[0-9A-Fa-f]{4}|[0-9A-Fa-f]{2})/;

/** `+` stays: as a space it would hide nothing that the text does not show. */
function percentDecoded(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(
    /%(?:u([0-9A-Fa-f]{4})|([0-9A-Fa-f]{2}))/g,
    (_, unicode: string | undefined, byte: string) =>
      unicode === undefined ? String.fromCharCode(Number.parseInt(byte, 16)) : fromCodePoint(unicode, 16),
  );
}

const BACKSLASH = 0x5c;
/** what the character behind a backslash stands for */
const SIMPLE_ESCAPES = new Uint8Array(256);
for (const [escape, meant] of ['""', "\\\\", "//", "''", "``", "n\n", "r\r", "t\t", "b\b", "f\f"])
  SIMPLE_ESCAPES[escape!.charCodeAt(0)] = meant!.charCodeAt(0);
const ESCAPE =
  /\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([0-3][0-7]{2}))/y;

/** The escapes of JSON strings (RFC 8259 §7) and those of other languages; code points become UTF-8. */
function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  const bytes = Buffer.from(text, "latin1");
  // no escape is shorter than what it stands for
  const result = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const isEscape = bytes[at] === BACKSLASH;
    const simple = isEscape ? SIMPLE_ESCAPES[bytes[at + 1]!]! : 0;
    const numeric = isEscape && !(simple > 0) ? numericEscapeAt(text, at) : undefined;
    if (numeric !== undefined) {
      length += result.write(numeric.meant, length, "latin1");
      at += numeric.length - 1;
      continue;
    }
    if (simple > 0) at += 1;
    result[length++] = simple > 0 ? simple : bytes[at]!;
  }
  return result.toString("latin1", 0, length);
}

function numericEscapeAt(
  text: string,
  at: number,
): { readonly length: number; readonly meant: string } | undefined {
  ESCAPE.lastIndex = at;
  const match = ESCAPE.exec(text);
  if (match === null) return undefined;
  const [{ length }, four, braced, eight, byte, octal] = match;
  if (byte !== undefined) return { length, meant: String.fromCharCode(Number.parseInt(byte, 16)) };
  if (octal !== undefined) return { length, meant: String.fromCharCode(Number.parseInt(octal, 8)) };
  return { length, meant: fromCodePoint(four ?? braced ?? eight ?? "", 16) };
}

/** RFC 2045 §6.7, and RFC 2047's Q. Forms hold `a=12` as well: only where it ends a line, or stands twice. */
function quotedPrintableDecoded(text: string): string {
  if (!text.includes("=")) return text;
  const isQuoted =
    /=(?:\r?\n|[0-9A-Fa-f]{2}=[0-9A-Fa-f]{2})/.test(text) ||
    ["quoted-printable", "Quoted-Printable", "QUOTED-PRINTABLE"].some((name) => text.includes(name));
  if (!isQuoted) return text;
  return text
    .replace(/=\r?\n/g, "")
    .replace(/=([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** of a text in UTF-16 or UTF-32; in binary data strings come closer */
function withoutNuls(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "") : text;
}

/** RFC 2047: words in base64 or Q that stand in names of files; those in a row are one. */
function encodedWordsDecoded(text: string): string {
  if (!text.includes("=?")) return text;
  return text.replace(
    /=\?[\w.-]{1,40}(?:\*\w{1,20})?\?([bBqQ])\?([^?\r\n]{0,256})\?=(?:\s{1,8}(?==\?))?/g,
    (_, encoding: string, word: string) =>
      encoding.toLowerCase() === "b"
        ? Buffer.from(word, "base64").toString("latin1")
        : quotedPrintableDecoded(`quoted-printable ${word.replaceAll("_", " ")}`).slice(17),
  );
}
