import { describe, expect, it } from "vitest";
import { createDetector, createFragmentRing } from "./index.ts";

const VALUE = "7Gk2pQ9xLm3Vb8Rt5Yc1Nz6Wd4";
const TOKEN = "ghp" + "_16C7e42F292c6912E7710c838347Ae178B4a";
const headWith = (value: string) => ({
  method: "GET",
  host: "api.example.com",
  path: "/",
  headers: [["x-note", value] as const],
});

describe("rows of which all was forgotten", () => {
  it("take no place from others", () => {
    const ring = createFragmentRing();
    const rowsWith = (slot: string, text: string) => ring.rowsWith([{ slot, name: "", text }]);
    for (let slot = 0; slot < 128; slot += 1) rowsWith(`slot ${slot}`, "first").keep();
    for (const row of rowsWith("slot 127", "second").earlier()) row.forgetOldest();
    rowsWith("another slot", "first").keep();
    expect(rowsWith("slot 0", "second").texts).toEqual(["firstsecond"]);
  });
});

describe("the row of all that looks like a piece of a token", () => {
  it.each([
    ["the last word of a text", "a note 12ab34cd", "12ab34cd56ef78gh"],
    ["nothing of a text that ends in a space, of Latin-1 too", "12ab34cd\u00a0", undefined],
  ])("takes %s", (_what, text, joined) => {
    const ring = createFragmentRing();
    ring.rowsWith([{ slot: "first", name: "", text }]).keep();
    expect(ring.rowsWith([{ slot: "second", name: "", text: "56ef78gh" }]).texts[0]).toBe(joined);
  });
});

describe("requests that are looked at together", () => {
  it.each([
    ["a known value", [VALUE.slice(0, 13), VALUE.slice(13)]],
    ["a token", [TOKEN.slice(0, 9), TOKEN.slice(9)]],
  ])("do not hide from each other the pieces of %s", async (_what, pieces) => {
    const detector = createDetector({ knownValues: [{ id: "s/k", value: VALUE }] });
    const context = { fragments: createFragmentRing() };
    const said = await Promise.all(pieces.map((piece) => detector.inspectHead(headWith(piece), context)));
    const expected = pieces.map((_, at) => (at === pieces.length - 1 ? "found" : "clean"));
    expect(said.map(({ kind }) => kind)).toEqual(expected);
  });
});
