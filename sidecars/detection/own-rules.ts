import { RE2JS } from "re2js";
import { setImmediate } from "node:timers/promises";
import { coversHost } from "../../crds/host-pattern.ts";
import type { Finding } from "./detector.ts";
import { entropyOf } from "./looks-secret.ts";
import { shapeOf } from "./shape.ts";

/** A rule of the owner of a class, as the policy brings it. */
export interface OwnRule {
  readonly id: string;
  /** RE2; the group `secret` is what counts of a match */
  readonly pattern: string;
  /** the pattern is tried only near one of these; none: everywhere */
  readonly keywords: readonly string[];
  readonly anyCase: boolean;
  /** hosts that may be sent it: `*.` and a name is every host below it */
  readonly allowHosts?: readonly string[];
  /** number of the group that counts, when none is named `secret`; 0 is all of the match */
  readonly secretGroup?: number;
  /** bits a character that the secret has at least */
  readonly entropy?: number;
  /** what is no secret all the same; any of them suffices */
  readonly allowed?: readonly Allowance[];
}

/** What makes of a match no secret. */
export interface Allowance {
  readonly target: "secret" | "match" | "line";
  readonly patterns: readonly string[];
  /** of the secret, in lower case */
  readonly stopwords: readonly string[];
  /** whether a pattern and a stopword have to be there both */
  readonly needsAll: boolean;
}

/** Looks for an owner's patterns. Takes linear time, whatever the patterns, and gives way to others meanwhile. */
export type OwnRuleSearch = (
  text: string,
  location: string,
  home: string | undefined,
) => Promise<Finding | undefined>;

/** of a keyword to both sides; longer secrets are found by their beginning */
const AROUND = 512;
/** what is searched before others have a turn: RE2 in JavaScript takes about a microsecond a character */
const PART = 4 * 1024;

/** Makes the search. Throws with a sentence that names the rule, and quotes nothing of it, when a pattern cannot be used. */
export function createOwnRuleSearch(rules: readonly OwnRule[]): OwnRuleSearch | undefined {
  if (rules.length === 0) return undefined;
  const compiled = rules.map(compile);
  return async (text, location, home) => {
    const lower = text.toLowerCase();
    for (const rule of compiled) {
      if (isAllowedAt(rule.rule, home)) continue;
      for (const [start, end] of windowsOf(rule, lower)) {
        const secret = secretIn(rule, text.slice(start, end), end < text.length);
        if (secret !== undefined) return { rule: rule.rule.id, location, shape: shapeOf(secret) };
        await setImmediate();
      }
    }
    return undefined;
  };
}

interface CompiledRule {
  readonly rule: OwnRule;
  readonly pattern: RE2JS;
  readonly keywords: readonly string[];
  readonly allowed: readonly (Omit<Allowance, "patterns"> & { readonly patterns: readonly RE2JS[] })[];
}

function compile(rule: OwnRule): CompiledRule {
  const { id, pattern, anyCase, keywords, allowed = [] } = rule;
  return {
    rule,
    pattern: compiled(pattern, `rule ${id}`, anyCase),
    keywords: keywords.map((keyword) => keyword.toLowerCase()),
    allowed: allowed.map((allowance) => ({
      ...allowance,
      patterns: allowance.patterns.map((each) => compiled(each, `an allowlist of rule ${id}`, false)),
    })),
  };
}

function compiled(pattern: string, whose: string, anyCase: boolean): RE2JS {
  try {
    return RE2JS.compile(pattern, anyCase ? RE2JS.CASE_INSENSITIVE : 0);
  } catch {
    // what the library says quotes the pattern
    throw new Error(
      `${whose}: its pattern is not one of RE2 (https://github.com/google/re2/wiki/Syntax), which knows no lookaround and no back references`,
    );
  }
}

const isAllowedAt = ({ allowHosts = [] }: OwnRule, host: string | undefined): boolean =>
  host !== undefined && allowHosts.some((home) => coversHost(home, host));

/** What stands around the keywords, in parts, those that overlap put together. */
function* windowsOf({ keywords }: CompiledRule, lower: string): Generator<readonly [number, number]> {
  if (keywords.length === 0) {
    yield* partsOf(0, lower.length);
    return;
  }
  let [start, end] = [0, 0];
  for (let at = nextKeyword(keywords, lower, 0); at !== -1; at = nextKeyword(keywords, lower, end)) {
    if (at - AROUND > end) {
      yield* partsOf(start, end);
      start = at - AROUND;
    }
    start = end === 0 ? Math.max(0, at - AROUND) : start;
    end = Math.min(lower.length, at + AROUND);
  }
  yield* partsOf(start, end);
}

function* partsOf(start: number, end: number): Generator<readonly [number, number]> {
  for (let from = start; from < end; from += PART) yield [from, Math.min(end, from + PART + AROUND)];
}

function nextKeyword(keywords: readonly string[], lower: string, from: number): number {
  let next = -1;
  for (const keyword of keywords) {
    const at = lower.indexOf(keyword, from);
    if (at !== -1 && (next === -1 || at < next)) next = at;
  }
  return next;
}

/** Where a part is cut off is no end of a text: what ends there is seen whole in the next part. */
function secretIn(
  { rule, pattern, allowed }: CompiledRule,
  text: string,
  isCut: boolean,
): string | undefined {
  const matcher = pattern.matcher(text);
  while (matcher.find() && !(isCut && matcher.end() === text.length)) {
    const match = matcher.group() ?? "";
    const secret = secretOf(rule, pattern, matcher) ?? match;
    const isRandom = rule.entropy === undefined || entropyOf(secret) >= rule.entropy;
    const targets = { secret, match, line: lineAround(text, matcher.start()) };
    const isAllowed = allowed.some((allowance) => allows(allowance, targets));
    if (isRandom && !isAllowed && match !== "") return secret;
  }
  return undefined;
}

/** As gitleaks does it: the group that is asked for, or the first that matched. */
function secretOf(
  { secretGroup }: OwnRule,
  pattern: RE2JS,
  matcher: ReturnType<RE2JS["matcher"]>,
): string | undefined {
  if (Object.hasOwn(pattern.namedGroups(), "secret")) return matcher.group("secret") ?? undefined;
  if (secretGroup === undefined || secretGroup > matcher.groupCount()) return undefined;
  return matcher.group(secretGroup) ?? undefined;
}

function lineAround(text: string, at: number): string {
  const end = text.indexOf("\n", at);
  return text.slice(text.lastIndexOf("\n", at) + 1, end === -1 ? undefined : end);
}

function allows(
  { target, patterns, stopwords, needsAll }: CompiledRule["allowed"][number],
  targets: Readonly<Record<Allowance["target"], string>>,
): boolean {
  const isMatched = patterns.some((pattern) => pattern.matcher(targets[target]).find());
  const isStopped = stopwords.some((word) => targets.secret.toLowerCase().includes(word));
  if (!needsAll) return isMatched || isStopped;
  return (patterns.length === 0 || isMatched) && (stopwords.length === 0 || isStopped);
}
