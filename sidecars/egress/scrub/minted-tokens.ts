import { isRandomValue } from "../../detection/looks-secret.ts";
import { characterClass, type CharacterClass } from "../../detection/runs.ts";
import { BACKSLASH } from "./escapes.ts";
import { isAlphanumeric } from "./forms.ts";
import type { Match } from "./match-form.ts";
import { type MintedRule, mintedRules } from "./minted-rules.ts";
import type { Pattern } from "./pattern.ts";

const SHORTEST_FIELD = 20;
const LONGEST_FIELD = 8192;
const FIELD = characterClass("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+/=\\-");
const SPACE = characterClass(" \t\r\n");
const MOST_SPACE = 8;
const QUOTE = 0x22;
const NOTHING = new Uint8Array(0);

/** Where a run of characters is, and how long it must be. */
interface Run {
  readonly from: number;
  readonly alphabet: CharacterClass;
  readonly least: number;
  readonly most: number;
}

/** Credentials that nobody holds yet, because the upstream has just made them. */
export function mintedPatterns(): Pattern[] {
  return mintedRules.flatMap(patternsOf);
}

function patternsOf(rule: MintedRule): Pattern[] {
  if ("fields" in rule) {
    return rule.fields.flatMap((field) => [
      pattern(rule.id, field, (bytes, at, isLast) => matchJsonField(field, bytes, at, isLast)),
      pattern(rule.id, field, (bytes, at, isLast) => matchXmlField(field, bytes, at, isLast)),
    ]);
  }
  const alphabet = characterClass(rule.alphabet);
  const [least, most] = rule.length;
  return rule.prefixes.map((prefix) =>
    pattern(rule.id, prefix, (bytes, at, isLast) => {
      if (goesOn(bytes, at, alphabet)) return undefined;
      const text = matchText(prefix, bytes, at);
      if (text !== "here") return text === "cut" ? more(at, at) : undefined;
      const found = matchRun({ from: at + prefix.length, alphabet, least, most }, bytes, isLast);
      return found?.kind === "more" ? more(at, at) : found && { ...found, start: at };
    }),
  );
}

/** Whether it goes on from something longer; the letter of an escape, as in `\nghp_`, is none of it. */
function goesOn(bytes: Uint8Array, at: number, alphabet: CharacterClass): boolean {
  const before = bytes[at - 1] ?? 0;
  return (alphabet[before] === 1 || isAlphanumeric(before)) && bytes[at - 2] !== BACKSLASH;
}

function pattern(rule: string, beginning: string, match: Pattern["match"]): Pattern {
  const replacement = Buffer.from(`egress-redacted-${rule}`);
  return {
    rule,
    beginning: Uint32Array.from(beginning, (character) => character.charCodeAt(0)),
    match,
    replacement: () => replacement,
  };
}

/** `"name": "value"`, with the value alone replaced. */
function matchJsonField(name: string, bytes: Uint8Array, at: number, isLast: boolean): Match {
  if (bytes[at - 1] !== QUOTE) return undefined;
  const text = matchText(`${name}"`, bytes, at);
  if (text !== "here") return text === "cut" ? more(at, bytes.length) : undefined;
  const colon = afterSpace(bytes, at + name.length + 1);
  const quote = bytes[colon] === 0x3a ? afterSpace(bytes, colon + 1) : colon;
  if (quote >= bytes.length) return more(at, bytes.length);
  if (quote === colon || bytes[quote] !== QUOTE) return undefined;
  return fieldFrom(quote + 1, bytes, at, isLast);
}

/** `<name>value`, likewise. */
function matchXmlField(name: string, bytes: Uint8Array, at: number, isLast: boolean): Match {
  if (bytes[at - 1] !== 0x3c) return undefined;
  const text = matchText(`${name}>`, bytes, at);
  if (text !== "here") return text === "cut" ? more(at, bytes.length) : undefined;
  return fieldFrom(at + name.length + 1, bytes, at, isLast);
}

function fieldFrom(from: number, bytes: Uint8Array, at: number, isLast: boolean): Match {
  const run = { from, alphabet: FIELD, least: SHORTEST_FIELD, most: LONGEST_FIELD };
  const found = matchRun(run, bytes, isLast);
  return found?.kind === "more" ? more(at, from) : found;
}

function matchRun({ from, alphabet, least, most }: Run, bytes: Uint8Array, isLast: boolean): Match {
  let end = from;
  while (end < bytes.length && end - from <= most && alphabet[bytes[end]!] === 1) end += 1;
  if (end - from > most) return undefined;
  if (end === bytes.length && !isLast) return more(from, from);
  if (end - from < least || !isRandomValue(Buffer.from(bytes.subarray(from, end)).toString("latin1"))) {
    return undefined;
  }
  return { kind: "match", start: from, end, separator: NOTHING };
}

function matchText(text: string, bytes: Uint8Array, at: number): "here" | "cut" | "not here" {
  for (let index = 0; index < text.length; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return "cut";
    if (byte !== text.charCodeAt(index)) return "not here";
  }
  return "here";
}

function afterSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at - from < MOST_SPACE && SPACE[bytes[at] ?? 0] === 1) at += 1;
  return at;
}

const more = (start: number, holdFrom: number): Match => ({ kind: "more", start, holdFrom });
