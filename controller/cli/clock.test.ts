import { describe, expect, it } from "vitest";
import { parseDuration } from "./clock.ts";

describe("parseDuration", () => {
  it.each([
    ["30s", 30_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["7", 7000],
    ["0", 0],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "x", "-1s", "1d", "1.5h", "5 m"])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
