import { sniffCoding } from "./inflate.ts";
import { characterClass, runsOf, type CharacterClass } from "./runs.ts";

/** A text that another one hides by one encoding: what the encoding is called, and what was hidden. */
export interface HiddenText {
  readonly form: string;
  /** bytes as a Latin-1 string */
  readonly text: string;
}

const HEX = characterClass("0123456789abcdefABCDEF");
/** both alphabets */
const BASE64 = characterClass("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_");
/** shorter runs hide nothing that a rule or a known value could match */
const SHORTEST_RUN = 16;
/** MIME breaks base64 into lines (RFC 2045 §6.8) */
const BASE64_LINE_BREAK = /(?<=[A-Za-z0-9+/_-]{16})\r?\n(?=[A-Za-z0-9+/_-])/g;

/** What `text` hides, one entry an encoding; `text` itself is not among them. */
export function hiddenTextsOf(text: string): HiddenText[] {
  const found: HiddenText[] = [];
  const add = (form: string, hidden: string): void => {
    if (hidden !== "" && hidden !== text) found.push({ form, text: hidden });
  };
  if (text.includes("%")) add("percent-encoded", percentDecoded(text));
  if (text.includes("\\")) add("escaped", unescaped(text));
  if (/quoted-printable/i.test(text)) add("quoted-printable", quotedPrintableDecoded(text));
  if (hasManyNuls(text)) add("UTF-16", text.replaceAll("\0", ""));
  const compact = text.includes("\n") ? text.replace(BASE64_LINE_BREAK, "") : text;
  for (const hidden of runsDecoded(compact, BASE64, "base64")) add("base64", hidden);
  for (const hidden of runsDecoded(text, HEX, "hex")) add("hex", hidden);
  return found;
}

/** What all runs of an encoding hold, one a line; compressed data stands alone, for its own decoder. */
function runsDecoded(text: string, of: CharacterClass, encoding: "base64" | "hex"): string[] {
  const alone: string[] = [];
  let lines = "";
  for (const [start, end] of runsOf(text, of, SHORTEST_RUN)) {
    // a run that begins with the text may be the rest of one that a slice cut: any phase is possible
    const phases = start === 0 ? [0, 1, 2, 3] : [0];
    for (const phase of phases) {
      const decoded = Buffer.from(text.slice(start + phase, end), encoding);
      if (sniffCoding(decoded) !== undefined) alone.push(decoded.toString("latin1"));
      else if (isMostlyText(decoded)) lines += `${decoded.toString("latin1")}\n`;
    }
  }
  return [lines, ...alone];
}

/** What random letters decode to is not text; UTF-16 is. */
function isMostlyText(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, 64);
  let printable = 0;
  for (let index = 0; index < length; index += 1) {
    const byte = bytes[index] ?? 0;
    if ((byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09 || byte === 0)
      printable += 1;
  }
  return printable >= length * 0.7;
}

const fromHex = (_: string, digits: string): string => String.fromCharCode(Number.parseInt(digits, 16));

/** `+` stays: as a space it would hide nothing that the text does not show. */
const percentDecoded = (text: string): string => text.replace(/%([0-9A-Fa-f]{2})/g, fromHex);

/** RFC 2045 §6.7. */
const quotedPrintableDecoded = (text: string): string =>
  text.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, fromHex);

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };

/** The escapes of JSON strings (RFC 8259 §7), which other languages share; code points become UTF-8. */
const unescaped = (text: string): string =>
  text.replace(
    /\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(["\\/nrtbf]))/g,
    (_, unicode, byte, simple: string) => {
      if (simple !== undefined) return SIMPLE_ESCAPES[simple] ?? simple;
      const character = String.fromCharCode(Number.parseInt(unicode ?? byte, 16));
      return unicode === undefined ? character : Buffer.from(character, "utf8").toString("latin1");
    },
  );

function hasManyNuls(text: string): boolean {
  const first = text.indexOf("\0");
  if (first < 0) return false;
  const sample = text.slice(first, first + 1024);
  return sample.split("\0").length > sample.length / 4;
}
