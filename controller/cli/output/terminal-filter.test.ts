import { describe, expect, it } from "vitest";
import { TerminalFilter } from "./terminal-filter.ts";

const passed = (...pieces: (string | Uint8Array)[]): string => {
  const filter = new TerminalFilter();
  return pieces.map((piece) => filter.pass(typeof piece === "string" ? Buffer.from(piece) : piece)).join("");
};

describe("TerminalFilter", () => {
  it.each([
    ["clipboard writes", "a\u001b]52;c;aGk=\u0007b"],
    ["clipboard writes with the long end", "a\u001b]52;c;aGk=\u001b\\b"],
    ["downloads", "a\u001b]1337;File=name=eA==:AAAA\u0007b"],
    ["device strings", "a\u001bPq#0\u001b\\b"],
    ["application strings", "a\u001b_secret\u001b\\b"],
    ["eight-bit controls", "a\u009bb"],
    ["a full reset", "a\u001bcb"],
    ["a string that is never short", `a\u001b]0;${"x".repeat(5000)}\u0007b`],
  ])("keeps %s from the terminal", (_what, text) => {
    expect(passed(text)).toBe("ab");
  });

  it.each([
    ["colours and cursor moves", "\u001b[1;31mred\u001b[0m\u001b[2J\u001b[3;4H"],
    ["titles", "\u001b]0;claude\u0007"],
    ["links", "\u001b]8;;https://example.com\u0007link\u001b]8;;\u0007"],
    ["alternate screens and line drawing", "\u001b[?1049h\u001b(0lqk\u001b(B"],
    ["text of every language", "ü 🍾 日本\r\n"],
  ])("passes %s", (_what, text) => {
    expect(passed(text)).toBe(text);
  });

  it.each([
    ["modes that are still on", "\u001b[?1049h\u001b[?1003;2004h", "\u001b[?1049l\u001b[?1003l\u001b[?2004l"],
    ["a cursor that is still hidden", "\u001b[?25l", "\u001b[?25h"],
    ["nothing that was undone already", "\u001b[?1049h\u001b[?25l\u001b[?25h\u001b[?1049l", ""],
    ["nothing of a mode that is no private one", "\u001b[4h\u001b[1;31m", ""],
    ["a sequence that was cut off, first of all", "\u001b[?25l\u001b[12", "\u0018\u001b[?25h"],
  ])("undoes %s", (_what, text, undone) => {
    const filter = new TerminalFilter();
    expect(filter.pass(Buffer.from(text))).toBe(text);
    expect(filter.undo()).toBe(`${undone}\u001b[0m`);
  });

  it("is not fooled by pieces", () => {
    const bytes = Buffer.from("a\u001b]52;c;aGk=\u0007ü🍾");
    expect(passed(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toBe("aü🍾");
  });

  it("is not fooled by a string inside a string", () => {
    expect(passed("a\u001b]0;t\u001b]52;c;aGk=\u0007b")).toBe("ab");
  });
});
