import { describe, expect, it } from "vitest";
import { LineReader } from "./line-reader.ts";

const linesOf = (reader: LineReader, ...chunks: string[]): string[] =>
  chunks.flatMap((chunk) => reader.push(Buffer.from(chunk)));

describe("LineReader", () => {
  it("joins what comes in pieces and parts what comes at once", () => {
    expect(linesOf(new LineReader(100), "a", "b\nc\nd", "\n")).toEqual(["ab", "c", "d"]);
  });

  it("keeps letters whole that a chunk cuts", () => {
    const bytes = Buffer.from("ü\n");
    const reader = new LineReader(100);
    expect([...reader.push(bytes.subarray(0, 1)), ...reader.push(bytes.subarray(1))]).toEqual(["ü"]);
  });

  it("leaves out empty lines, as an attach begins with one", () => {
    expect(linesOf(new LineReader(100), "\n\n a\n \n")).toEqual([" a"]);
  });

  it("passes over a line that is too long, whole, and goes on with the next", () => {
    expect(linesOf(new LineReader(4), "12345\nok\n1234\n")).toEqual(["ok", "1234"]);
    expect(linesOf(new LineReader(4), "123", "45", "67\nok", "\n")).toEqual(["ok"]);
  });
});
