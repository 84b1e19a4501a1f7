import { describe, expect, it } from "vitest";
import { globPattern } from "./glob.ts";

describe("globPattern", () => {
  it.each([
    ["*", "a", true],
    ["*", "a/b", false],
    ["**", "a/b", true],
    ["a/**", "a/b/c", true],
    ["a/**", "a", false],
    ["**/a.yml", "a.yml", true],
    ["**/a.yml", "b/c/a.yml", true],
    ["**/a.yml", "b/ca.yml", false],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["a.c", "abc", false],
    ["a", "ba", false],
    ["a*", "a\nb", true],
    ["[a]", "a", false],
  ])("%j of %j: %s", (glob, text, matches) => {
    expect(globPattern(glob).test(text)).toBe(matches);
  });
});
