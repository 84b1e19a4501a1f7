import { describe, expect, it } from "vitest";
import { createKeywordFilter, type Keyword } from "./keyword-filter.ts";
import { rules } from "./rules.ts";

const keywords: readonly Keyword[] = rules.flatMap(({ keywords: texts = [], anyCase = false }) =>
  texts.map((text) => ({ text, anyCase })),
);

/** The keywords that are found in a text, each with its place. */
function found(of: readonly Keyword[], text: string): [string, number][] {
  const hits: [string, number][] = [];
  createKeywordFilter(of)(text, Buffer.from(text, "latin1"), (keyword, at) => {
    hits.push([of[keyword]!.text, at]);
    return undefined;
  });
  return hits;
}

describe("createKeywordFilter", () => {
  it.each(keywords)(
    "finds $text wherever it stands, in either case when the case does not count",
    (keyword) => {
      const { text, anyCase } = keyword;
      const written = anyCase ? [text, text.toUpperCase(), text.toLowerCase()] : [text];
      for (const each of written) {
        for (const before of ["", " ", "..", "\0\0\0"])
          expect(found(keywords, `${before}${each}.`)).toContainEqual([text, before.length]);
      }
    },
  );

  it("finds one after the other, and one within another", () => {
    const two = ["abc", "bcd"].map((text) => ({ text, anyCase: false }));
    expect(found(two, "xabcd")).toEqual([
      ["abc", 1],
      ["bcd", 2],
    ]);
    expect([found(two, ""), found(two, "a"), found(two, "ab"), found(two, "ABC")]).toEqual([[], [], [], []]);
  });

  it("stops at the first that is wanted", () => {
    const filter = createKeywordFilter([{ text: "abc", anyCase: false }]);
    expect(filter("abc abc", Buffer.from("abc abc"), (_, at) => (at > 0 ? at : undefined))).toBe(4);
  });

  it("passes over text without a keyword", () => {
    const text = "the value of an index in an array which a function returns ".repeat(100);
    expect(found(keywords, text)).toEqual([]);
  });
});
