import { describe, expect, it } from "vitest";
import { ageOf } from "./age.ts";

const now = new Date("2026-06-01T12:00:00Z");
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

describe("ageOf", () => {
  it.each([
    [-5, "0s"],
    [0, "0s"],
    [119, "119s"],
    [2 * MINUTE, "2m"],
    [5 * MINUTE + 30, "5m30s"],
    [10 * MINUTE + 30, "10m"],
    [3 * HOUR - 1, "179m"],
    [3 * HOUR, "3h"],
    [7 * HOUR + 59 * MINUTE, "7h59m"],
    [8 * HOUR + 59 * MINUTE, "8h"],
    [47 * HOUR, "47h"],
    [2 * DAY + 3 * HOUR, "2d3h"],
    [8 * DAY + 3 * HOUR, "8d"],
    [2 * 365 * DAY + 10 * DAY, "2y10d"],
    [9 * 365 * DAY, "9y"],
  ])("writes %i seconds as kubectl does: %s", (seconds, text) => {
    expect(ageOf(new Date(now.getTime() - seconds * 1000).toISOString(), now)).toBe(text);
  });

  it("does not guess at what is no moment", () => {
    for (const moment of [undefined, null, 5, "yesterday"]) expect(ageOf(moment, now)).toBe("<unknown>");
  });
});
