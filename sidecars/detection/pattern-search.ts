import { coversHost } from "../../crds/host-pattern.ts";
import { isCounted } from "./counted-string.ts";
import type { Finding } from "./detector.ts";
import { type Keyword, createKeywordFilter } from "./keyword-filter.ts";
import type { Rule, RunClass } from "./rule.ts";
import { CAPITALS, characterClass, DIGITS, LETTERS_AND_DIGITS, runsOf } from "./runs.ts";
import { rowsOfSeedWords } from "./seed-phrase.ts";
import { shapeOf } from "./shape.ts";
import { type Validator, validators } from "./validators.ts";

/** What a search is told of the text. */
export interface PatternContext {
  /** the host that it goes to, when the agent's own credential may go there */
  readonly home?: string | undefined;
  /** the text was joined from pieces: rules that want it whole are left out */
  readonly isJoined?: boolean;
}

/** Tries each pattern only where one of its keywords stands, so that the cost is that of one pass over the text. */
export interface PatternSearch {
  /** the first finding, or undefined; `location` goes into it */
  find(text: string, bytes: Uint8Array, location: string, context?: PatternContext): Finding | undefined;
}

interface CompiledRule {
  readonly rule: Rule;
  readonly pattern: RegExp;
  readonly accepts: Validator | undefined;
  readonly isReversed: boolean;
}

/** what stands before a match is shown to lookbehinds and validators as far as this */
const BEFORE = 64;
/** a keyword shorter than this reads backwards in too much */
const SHORTEST_REVERSED = 4;
/** no match that reads backwards is longer */
const LONGEST_REVERSED = 160;
/** no match that counts is longer */
const LONGEST_COUNTED = 4096;

export function createPatternSearch(rules: readonly Rule[]): PatternSearch {
  const { keywords, compiled } = keywordsOf(rules);
  const visitKeywords = createKeywordFilter(keywords);
  const inRuns = rules.filter(({ runs }) => runs !== undefined).map((rule) => compile(rule, "g"));
  return {
    find(text, bytes, location, context = {}) {
      const byKeyword = visitKeywords(text, bytes, (keyword, at) => {
        const rule = compiled[keyword]!;
        return isLeftOut(rule.rule, context) ? undefined : foundAt(rule, text, at);
      });
      const found = byKeyword ?? foundInRuns(inRuns, text, bytes, context);
      return found === undefined
        ? undefined
        : { rule: found.rule.id, location, shape: shapeOf(found.secret) };
    },
  };
}

interface Found {
  readonly rule: Rule;
  readonly secret: string;
}

function isLeftOut({ whole, home }: Rule, context: PatternContext): boolean {
  if (context.isJoined === true && whole === true) return true;
  return context.home !== undefined && home !== undefined && home.some((host) => isHost(context.home!, host));
}

const isHost = (name: string, home: string): boolean => home === "*" || coversHost(home, name);

function foundAt(compiled: CompiledRule, text: string, at: number): Found | undefined {
  if (!compiled.isReversed) return matchAt(compiled, text, at) ?? matchCounted(compiled, text, at);
  // what stands behind the keyword comes before it when it is read backwards
  const keywordEnd =
    at + (compiled.rule.keywords?.find((one) => text.startsWith(reversed(one), at))?.length ?? 0);
  const after = text.slice(keywordEnd, keywordEnd + BEFORE);
  const before = text.slice(Math.max(0, keywordEnd - LONGEST_REVERSED), keywordEnd);
  return matchAt(compiled, reversed(before + after), after.length);
}

/** What a length stands before, which a pattern may take for a letter of it. */
function matchCounted(compiled: CompiledRule, text: string, at: number): Found | undefined {
  return isCounted(text, at) ? matchAt(compiled, text.slice(at, at + LONGEST_COUNTED), 0) : undefined;
}

function matchAt({ rule, pattern, accepts }: CompiledRule, text: string, at: number): Found | undefined {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const secret = match.groups?.["secret"] ?? match[0];
  const before = text.slice(Math.max(0, at - BEFORE), match.index);
  return accepts === undefined || accepts(secret, before) ? { rule, secret } : undefined;
}

/** shortest runs in which a pattern can match */
const RUNS: Readonly<Record<RunClass, (bytes: Uint8Array) => readonly (readonly [number, number])[]>> = {
  digits: runsIn(`${DIGITS} -`, 13),
  capitals: runsIn(`${CAPITALS}${DIGITS} `, 15),
  base58: runsIn(LETTERS_AND_DIGITS, 51),
  base64url: runsIn(`${LETTERS_AND_DIGITS}-_.`, 57),
  words: rowsOfSeedWords,
};

function runsIn(characters: string, shortest: number): (typeof RUNS)[RunClass] {
  const of = characterClass(characters);
  return (bytes) => runsOf(bytes, of, shortest);
}

function foundInRuns(
  rules: readonly CompiledRule[],
  text: string,
  bytes: Uint8Array,
  context: PatternContext,
): Found | undefined {
  for (const compiled of rules) {
    if (isLeftOut(compiled.rule, context)) continue;
    for (const [start, end] of RUNS[compiled.rule.runs!](bytes)) {
      const from = Math.max(0, start - BEFORE);
      const found =
        firstMatch(compiled, text.slice(from, end + 1), start - from) ??
        (isCounted(text, start + 1) ? firstMatch(compiled, text.slice(start + 1, end + 1), 0) : undefined);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** One match may begin in another that was not accepted. */
function firstMatch(compiled: CompiledRule, text: string, start: number): Found | undefined {
  const { pattern } = compiled;
  for (let at = start; at < text.length; at = pattern.lastIndex) {
    const found = matchAt(compiled, text, at);
    if (found !== undefined) return found;
    if (pattern.lastIndex === 0) return undefined;
  }
  return undefined;
}

function compile(rule: Rule, flag: "g" | "y", isReversed = false): CompiledRule {
  return {
    rule,
    pattern: new RegExp(rule.pattern, rule.anyCase === true ? `${flag}i` : flag),
    accepts: rule.accepts === undefined ? undefined : validators[rule.accepts],
    isReversed,
  };
}

/** All keywords, forwards and, where they are rare enough, backwards; with each the rule that it is of. */
function keywordsOf(rules: readonly Rule[]): { keywords: Keyword[]; compiled: CompiledRule[] } {
  const keywords: Keyword[] = [];
  const compiled: CompiledRule[] = [];
  for (const rule of rules) {
    const [forwards, backwards] = [compile(rule, "y"), compile(rule, "y", true)];
    for (const text of rule.keywords ?? []) {
      keywords.push({ text, anyCase: rule.anyCase === true });
      compiled.push(forwards);
      if (rule.whole === true || !readsBackwards(text, rule)) continue;
      keywords.push({ text: reversed(text), anyCase: false });
      compiled.push(backwards);
    }
  }
  return { keywords, compiled };
}

/** Words that count in either case, short ones and fillers read backwards in too much. */
const readsBackwards = (text: string, { anyCase }: Rule): boolean =>
  anyCase !== true && text.length >= SHORTEST_REVERSED && new Set(text).size > 2;

const reversed = (text: string): string => {
  let result = "";
  for (let index = text.length - 1; index >= 0; index -= 1) result += text[index];
  return result;
};
