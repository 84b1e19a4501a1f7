import { describe, expect, it } from "vitest";
import { ageOf, parseDuration } from "./clock.ts";

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

describe("ageOf", () => {
  it.each([
    [5, "5s"],
    [119, "119s"],
    [125, "2m5s"],
    [3599, "59m"],
    [12_000, "3h20m"],
    [90_000, "25h"],
    [400_000, "4d"],
  ])("writes %i seconds as kubectl does", (seconds, text) => {
    expect(ageOf(new Date(0).toISOString(), seconds * 1000)).toBe(text);
  });
});
