import { describe, expect, it } from "vitest";
import { escapeJson, escapeLine, escapeUntrusted } from "./escape.ts";

describe("escapeUntrusted", () => {
  it.each([
    ["an escape sequence", "\u001b[31mred", "\\u001b[31mred"],
    ["the eight-bit form of one", "\u009b31m", "\\u009b31m"],
    ["clipboard writes", "\u001b]52;c;aGk=\u0007", "\\u001b]52;c;aGk=\\u0007"],
    ["a carriage return that would hide a line", "bad\rgood", "bad\\u000dgood"],
    ["text that runs backwards", "a\u202eb\u2066c", "a\\u202eb\\u2066c"],
    ["tags that nobody sees", "a\u{e0041}b", "a\\udb40\\udc41b"],
    ["line separators", "a\u2028b", "a\\u2028b"],
  ])("shows %s instead of obeying it", (_what, text, shown) => {
    expect(escapeUntrusted(text)).toBe(shown);
  });

  it("leaves tabs, line feeds, umlauts and emoji as they are", () => {
    expect(escapeUntrusted("a\tb\nü 🍾 日本")).toBe("a\tb\nü 🍾 日本");
  });
});

describe("escapeLine", () => {
  it("keeps a value on its line", () => {
    expect(escapeLine("a\nb\tc")).toBe("a\\nb\\tc");
  });
});

describe("escapeJson", () => {
  it("reads back as the same value", () => {
    const value = { message: "\u009b31m \u202e \u{e0041} \u001b \n" };
    const text = escapeJson(JSON.stringify(value));
    expect(JSON.parse(text)).toEqual(value);
    expect(text).toMatch(/^[\x20-\x7e]*$/);
  });
});
