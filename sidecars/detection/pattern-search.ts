import type { Finding } from "./detector.ts";
import { createKeywordFilter } from "./keyword-filter.ts";
import type { Rule } from "./rule.ts";
import { shapeOf } from "./shape.ts";

/** Tries each pattern only where one of its keywords stands, so that the cost is that of one pass over the text. */
export interface PatternSearch {
  /** the first finding, or undefined; `location` goes into it */
  find(text: string, location: string): Finding | undefined;
}

interface CompiledRule {
  readonly rule: Rule;
  readonly pattern: RegExp;
}

export function createPatternSearch(rules: readonly Rule[]): PatternSearch {
  const byKeyword = rulesByKeyword(rules);
  const keywords = keywordPattern(rules);
  const nextCandidate = createKeywordFilter(rules.flatMap((rule) => rule.keywords));
  return {
    find(text, location) {
      // from the next character on each time: a keyword may begin inside another
      for (let at = nextCandidate(text, 0); at !== -1; at = nextCandidate(text, at + 1)) {
        keywords.lastIndex = at;
        const hit = keywords.exec(text);
        if (hit === null) continue;
        for (const compiled of byKeyword.get(hit[0].toLowerCase()) ?? []) {
          const secret = matchAt(compiled, text, at);
          if (secret !== undefined) return { rule: compiled.rule.id, location, shape: shapeOf(secret) };
        }
      }
      return undefined;
    },
  };
}

function matchAt({ rule, pattern }: CompiledRule, text: string, index: number): string | undefined {
  pattern.lastIndex = index;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const secret = match.groups?.["secret"] ?? match[0];
  return rule.accepts === undefined || rule.accepts(secret) ? secret : undefined;
}

/** A rule is tried for each keyword that is a prefix of the one found: the alternation takes the longest. */
function rulesByKeyword(rules: readonly Rule[]): Map<string, CompiledRule[]> {
  const compiled = rules.map((rule) => ({
    rule,
    pattern: new RegExp(rule.pattern, `y${rule.pattern.flags}`),
  }));
  const all = rules.flatMap(({ keywords }) => keywords.map((keyword) => keyword.toLowerCase()));
  return new Map(
    all.map((keyword) => [
      keyword,
      compiled.filter(({ rule }) => rule.keywords.some((own) => keyword.startsWith(own.toLowerCase()))),
    ]),
  );
}

/** Longer keywords first: of two that begin alike the alternation takes the first. */
function keywordPattern(rules: readonly Rule[]): RegExp {
  const alternatives = rules.flatMap(({ keywords, anyCase }) =>
    keywords.map((keyword) => ({
      length: keyword.length,
      source: anyCase ? `(?i:${RegExp.escape(keyword)})` : RegExp.escape(keyword),
    })),
  );
  return new RegExp(
    alternatives
      .toSorted((a, b) => b.length - a.length)
      .map(({ source }) => source)
      .join("|"),
    "y",
  );
}
