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
    ["**/a/**/b", "a/b", true],
    ["**/a/**/b", "x/a/y/z/b", true],
    ["**/a/**/b", "x/ab", false],
    ["a**b", "a/x/b", true],
    ["**", "", true],
    ["any", "x", false],
    ["A", "a", false],
  ])("%j of %j: %s", (glob, text, matches) => {
    expect(globPattern(glob).test(text)).toBe(matches);
  });
  it.each([
    ["**/a/**/a/**/a/**/*.pem", "a/".repeat(2000)],
    ["a*a*a*a*a*b", "a".repeat(4000)],
  ])("answers about %s in time, whatever an agent names its files", { timeout: 2000 }, (glob, text) => {
    expect(globPattern(glob).test(text)).toBe(false);
  });
});
