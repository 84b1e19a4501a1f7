import { describe, expect, it } from "vitest";
import type { Finding } from "./detector.ts";
import { createPatternSearch, type PatternContext } from "./pattern-search.ts";
import type { Rule } from "./rule.ts";
import { rules } from "./rules.ts";

const find = (rule: Rule, text: string, context?: PatternContext): Finding | undefined =>
  createPatternSearch([rule]).find(text, Buffer.from(text, "latin1"), "body", context);
const written = (hit: Rule["hits"][number]): string => (typeof hit === "string" ? hit : hit.join(""));

describe("the rules", () => {
  it("are at least a hundred, each with hits, misses and an id of its own", () => {
    expect(rules.length).toBeGreaterThanOrEqual(100);
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const rule of rules)
      expect([rule.id, rule.hits.length > 0, rule.misses.length > 0]).toEqual([rule.id, true, true]);
  });

  it.each(rules.flatMap((rule) => rule.hits.map((hit) => ({ rule, text: written(hit) }))))(
    "$rule.id finds $text",
    ({ rule, text }) => {
      expect(find(rule, `some text, ${text}\nand more`)).toMatchObject({ rule: rule.id, location: "body" });
    },
  );

  it.each(rules.flatMap((rule) => rule.misses.map((text) => ({ rule, text }))))(
    "$rule.id lets $text pass",
    ({ rule, text }) => {
      expect(find(rule, `some text, ${text}\nand more`)).toBeUndefined();
    },
  );

  it("never repeat the secret in what they say", () => {
    for (const rule of rules) {
      for (const hit of rule.hits) expect(find(rule, written(hit))?.shape.length).toBeLessThan(12);
    }
  });

  it.each(rules.filter(({ home }) => home !== undefined))(
    "$id passes to its home, and nowhere else",
    (rule) => {
      const [home = ""] = rule.home ?? [];
      const text = written(rule.hits[0]!);
      expect(find(rule, text, { home: home.replace("*", "a") })).toBeUndefined();
      if (home !== "*")
        expect(find(rule, text, { home: `${home.replace("*.", "")}.evil.example` })).toBeDefined();
    },
  );
});
