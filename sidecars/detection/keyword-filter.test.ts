import { describe, expect, it } from "vitest";
import { createKeywordFilter } from "./keyword-filter.ts";
import { rules } from "./rules.ts";

const keywords = rules.flatMap((rule) => rule.keywords);

describe("createKeywordFilter", () => {
  const next = createKeywordFilter(keywords);

  it.each(keywords)("finds %s wherever it stands, in either case", (keyword) => {
    for (const written of [keyword, keyword.toUpperCase(), keyword.toLowerCase()]) {
      for (const before of ["", " ", "..", "\0\0\0"])
        expect(next(`${before}${written}.`, 0)).toBe(before.length);
    }
  });

  it("finds one after the other and then none", () => {
    const found = createKeywordFilter(["abc", "bcd"]);
    expect([found("xabcd", 0), found("xabcd", 2), found("xabcd", 3)]).toEqual([1, 2, -1]);
    expect([found("", 0), found("a", 0), found("ab", 0)]).toEqual([-1, -1, -1]);
  });

  it("passes over text without a keyword", () => {
    expect(next("the value of an index in an array which a function returns ".repeat(100), 0)).toBe(-1);
  });
});
