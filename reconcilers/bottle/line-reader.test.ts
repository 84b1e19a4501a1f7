import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineReader } from "./line-reader.ts";

/** the lines of a text that arrives in these pieces, until one is too long */
function read(pieces: readonly Buffer[], maxBytes = 1_000): { lines: string[]; isFine: boolean } {
  const lines: string[] = [];
  const reader = new LineReader(maxBytes, (line) => lines.push(line));
  return { lines, isFine: pieces.every((piece) => reader.push(piece)) };
}

describe("a line reader", () => {
  it("gives the same lines however the bytes arrive, letters of several bytes included", () => {
    const line = fc
      .string({ unit: "grapheme" })
      .filter((text) => text !== "" && !/[\n\ud800-\udfff]/.test(text));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(40), { maxLength: 8 }), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const ends = [
          ...cuts.toSorted((a, b) => a - b).map((cut) => Math.min(cut, bytes.length)),
          bytes.length,
        ];
        const pieces = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
        expect(read(pieces)).toEqual({ lines, isFine: true });
      }),
    );
  });

  it.each([
    { what: "in one piece", pieces: [Buffer.alloc(11, "x")] },
    { what: "in many", pieces: Array.from({ length: 11 }, () => Buffer.from("x")) },
    { what: "with its end", pieces: [Buffer.from(`${"x".repeat(11)}\n`)] },
    { what: "after a good one", pieces: [Buffer.from(`ok\n${"x".repeat(11)}`)] },
  ])("gives up on a line that is too long, $what", ({ pieces }) => {
    expect(read(pieces, 10).isFine).toBe(false);
  });

  it("takes a line of just the length that is allowed", () => {
    expect(read([Buffer.from(`${"x".repeat(10)}\n`)], 10)).toEqual({ lines: ["x".repeat(10)], isFine: true });
  });

  it("passes over empty lines", () => {
    expect(read([Buffer.from("\n\na\n\n")]).lines).toEqual(["a"]);
  });
});
