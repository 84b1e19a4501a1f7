import { describe, expect, it } from "vitest";
import { createGramIndex } from "./gram-index.ts";

const VALUE = Buffer.from("7Gk2pQ9xLm3Vb8Rt5Yc1Nz6Wd4Hs0JfEu");
const OTHER = Buffer.from("qwertyuiopasdfghjklzxcvbnm123456789012345678");
const LENGTHS = Array.from({ length: VALUE.length - 5 }, (_, index) => index + 6);

/** Where it is told that the first of the texts would begin. */
function begins(texts: Parameters<typeof createGramIndex>[0], bytes: Uint8Array): number[] {
  const told: number[] = [];
  createGramIndex(texts)(bytes, (text, at) => void (text === 0 && told.push(at)));
  return told;
}

const at = (place: number, text: Uint8Array): Buffer =>
  Buffer.concat([Buffer.alloc(place, "-"), text, Buffer.alloc(3, "-")]);

describe("the index of grams", () => {
  it.each(LENGTHS)("misses no text of %i characters, wherever it stands", (length) => {
    const text = { bytes: VALUE.subarray(0, length), least: length };
    for (const others of [[], [{ bytes: OTHER, least: OTHER.length }]])
      for (let place = 0; place < 40; place += 1)
        expect(begins([text, ...others], at(place, text.bytes))).toContain(place);
  });

  it.each(LENGTHS)("misses no piece of %i characters of a text", (least) => {
    const text = { bytes: VALUE, least };
    for (let from = 0; from + least <= VALUE.length; from += 1)
      for (let place = VALUE.length; place < VALUE.length + 20; place += 1)
        expect(begins([text], at(place, VALUE.subarray(from, from + least)))).toContain(place - from);
  });

  it("knows nothing without texts", () => {
    expect(begins([], OTHER)).toEqual([]);
  });
});
