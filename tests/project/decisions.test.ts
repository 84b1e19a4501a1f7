import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const folder = join(import.meta.dirname, "..", "..", "docs", "adr");
const names = readdirSync(folder).sort();

describe("the decisions in docs/adr", () => {
  it("are numbered without a gap", () => {
    expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_, index) => index + 1));
  });

  it.each(names)("%s has its number in the heading, and every part", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    expect(text).toMatch(new RegExp(`^# ${Number(name.slice(0, 4))}\\. \\S`));
    expect(text).toMatch(/^Status: (accepted|superseded by ADR \d+)$/m);
    expect(text.match(/^## .*$/gm)).toEqual([
      "## Context",
      "## Decision",
      "## Alternatives",
      "## Consequences",
    ]);
  });
});
