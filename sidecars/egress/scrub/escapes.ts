/** A character that was written as an escape: its code, and where what follows begins. */
export interface EscapedCharacter {
  readonly code: number;
  readonly next: number;
}

/** `incomplete`: the bytes end inside of it */
export type Escape = EscapedCharacter | "incomplete" | undefined;

export const PERCENT = 0x25;
export const AMPERSAND = 0x26;
export const BACKSLASH = 0x5c;

const SEMICOLON = 0x3b;
const LONGEST_NAME = 8;
const LONGEST_NUMBER = 7;
/** how often a reference may have been escaped */
const MOST_ESCAPED = 3;
/** of one character that was escaped four times over */
const MOST_BACKSLASHES = 16;

/** Named references of HTML for characters that keys and arrays of characters have. */
const NAMED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    quot: '"',
    amp: "&",
    apos: "'",
    lt: "<",
    gt: ">",
    sol: "/",
    bsol: "\\",
    plus: "+",
    equals: "=",
    period: ".",
    comma: ",",
    colon: ":",
    semi: ";",
    hyphen: "-",
    dash: "-",
    lowbar: "_",
    num: "#",
    excl: "!",
    quest: "?",
    commat: "@",
    dollar: "$",
    percnt: "%",
    ast: "*",
    lpar: "(",
    rpar: ")",
    lsqb: "[",
    lbrack: "[",
    rsqb: "]",
    rbrack: "]",
    lcub: "{",
    lbrace: "{",
    rcub: "}",
    rbrace: "}",
    verbar: "|",
    vert: "|",
    hat: "^",
    grave: "`",
    nbsp: " ",
    tab: "\t",
    newline: "\n",
  }),
);

const SIMPLE: ReadonlyMap<number, number> = new Map(
  Object.entries({ n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" }).map(([letter, meant]) => [
    letter.charCodeAt(0),
    meant.charCodeAt(0),
  ]),
);

/**
 * Reads a character that is percent-encoded, escaped by a backslash as in JSON
 * and most languages, or a character reference of HTML, also when that was done
 * several times over. Undefined when none begins at `at`.
 */
export function readEscape(bytes: Uint8Array, at: number): Escape {
  switch (bytes[at]) {
    case PERCENT:
      return readPercent(bytes, at + 1);
    case BACKSLASH:
      return readBackslash(bytes, afterBackslashes(bytes, at));
    case AMPERSAND:
      return readReference(bytes, at + 1);
    default:
      return undefined;
  }
}

/** Where a run of backslashes ends: escaping what was escaped doubles them. A longer run than that is cut short. */
export function afterBackslashes(bytes: Uint8Array, at: number): number {
  let end = at;
  while (bytes[end] === BACKSLASH && end - at < MOST_BACKSLASHES) end += 1;
  return end;
}

function readPercent(bytes: Uint8Array, from: number): Escape {
  let at = from;
  // `%25` is a percent sign that was itself encoded, when an encoded character follows
  while (isText(bytes, at, "25") && isHex(bytes[at + 2]) && isHex(bytes[at + 3])) at += 2;
  const mayFollow = (byte: number | undefined): boolean => byte === undefined || isHex(byte);
  const isCut = bytes.length < at + 4 && isText(bytes, at, "25") && mayFollow(bytes[at + 2]);
  return isCut ? "incomplete" : digits(bytes, at, 2);
}

function readBackslash(bytes: Uint8Array, at: number): Escape {
  const letter = bytes[at];
  if (letter === undefined) return "incomplete";
  if (letter === 0x75) return readUnicode(bytes, at + 1) ?? { code: letter, next: at + 1 };
  if (letter === 0x78) return digits(bytes, at + 1, 2) ?? { code: letter, next: at + 1 };
  // JSON in a page of HTML
  const reference = letter === AMPERSAND ? readReference(bytes, at + 1) : undefined;
  if (reference !== undefined) return reference;
  return { code: SIMPLE.get(letter) ?? letter, next: at + 1 };
}

function readUnicode(bytes: Uint8Array, at: number): Escape {
  if (bytes[at] !== 0x7b) return digits(bytes, at, 4);
  return number(bytes, at + 1, { radix: 16, end: 0x7d });
}

/** `depth`: how often it was itself escaped before. */
function readReference(bytes: Uint8Array, at: number, depth = 0): Escape {
  if (bytes[at] !== 0x23) return readName(bytes, at, depth);
  const isHexadecimal = ((bytes[at + 1] ?? 0) | 0x20) === 0x78;
  return isHexadecimal
    ? number(bytes, at + 2, { radix: 16, end: SEMICOLON })
    : number(bytes, at + 1, { radix: 10, end: SEMICOLON });
}

function readName(bytes: Uint8Array, from: number, depth: number): Escape {
  let name = "";
  for (let at = from; at <= from + LONGEST_NAME; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return "incomplete";
    if (byte === SEMICOLON) {
      const meant = NAMED.get(name.toLowerCase());
      if (meant === "&") return readAmpersand(bytes, at + 1, depth);
      return meant === undefined ? undefined : { code: meant.charCodeAt(0), next: at + 1 };
    }
    if (!isLetter(byte)) return undefined;
    name += String.fromCharCode(byte);
  }
  return undefined;
}

/** `&amp;#115;` is a reference that was itself escaped; `&amp;` alone is an ampersand. */
function readAmpersand(bytes: Uint8Array, next: number, depth: number): Escape {
  if (next === bytes.length) return "incomplete";
  const inner = depth < MOST_ESCAPED ? readReference(bytes, next, depth + 1) : undefined;
  return inner ?? { code: AMPERSAND, next };
}

/** Exactly `count` hexadecimal digits. */
function digits(bytes: Uint8Array, from: number, count: number): Escape {
  let code = 0;
  for (let at = from; at < from + count; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return "incomplete";
    const value = valueOf(byte);
    if (value > 15) return undefined;
    code = code * 16 + value;
  }
  return { code, next: from + count };
}

/** Digits up to an end mark, which references of HTML may lack. */
function number(
  bytes: Uint8Array,
  from: number,
  { radix, end }: { readonly radix: 10 | 16; readonly end: number },
): Escape {
  let code = 0;
  for (let at = from; at <= from + LONGEST_NUMBER; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return "incomplete";
    const value = valueOf(byte);
    if (value < radix) code = code * radix + value;
    else if (at === from) return undefined;
    else return { code, next: byte === end ? at + 1 : at };
  }
  return undefined;
}

function valueOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : 16;
}

const isHex = (byte: number | undefined): boolean => byte !== undefined && valueOf(byte) < 16;

const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;

function isText(bytes: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}
