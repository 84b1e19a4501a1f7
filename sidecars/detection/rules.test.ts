import { describe, expect, it } from "vitest";
import { createPatternSearch } from "./pattern-search.ts";
import { rules } from "./rules.ts";

describe("the rules", () => {
  it("are a first set of at least 20, each with hits, misses and an id of its own", () => {
    expect(rules.length).toBeGreaterThanOrEqual(20);
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const rule of rules)
      expect([rule.id, rule.hits.length > 0, rule.misses.length > 0]).toEqual([rule.id, true, true]);
  });

  it.each(rules.flatMap((rule) => rule.hits.map((text) => ({ rule, text }))))(
    "$rule.id finds $text",
    ({ rule, text }) => {
      expect(createPatternSearch([rule]).find(`some text, ${text}\nand more`, "body")).toMatchObject({
        rule: rule.id,
        location: "body",
      });
    },
  );

  it.each(rules.flatMap((rule) => rule.misses.map((text) => ({ rule, text }))))(
    "$rule.id lets $text pass",
    ({ rule, text }) => {
      expect(createPatternSearch([rule]).find(`some text, ${text}\nand more`, "body")).toBeUndefined();
    },
  );

  it("never repeat the secret in what they say", () => {
    for (const rule of rules) {
      for (const text of rule.hits) {
        const finding = createPatternSearch([rule]).find(text, "body");
        expect(finding?.shape.length).toBeLessThan(12);
      }
    }
  });
});
