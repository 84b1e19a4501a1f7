import { describe, expect, it } from "vitest";
import { type TreeEntry, UnfoldedTrees } from "./trees.ts";

const rawIdOf = (digit: string): string => Buffer.from(digit.repeat(40), "hex").toString("latin1");
const directory = (name: string, digit: string): TreeEntry => ({
  kind: "directory",
  name,
  rawId: rawIdOf(digit),
});
const file: TreeEntry = { kind: "file", name: "file", rawId: rawIdOf("f") };

describe("UnfoldedTrees", () => {
  it("counts a tree as often as it is named, whichever was shown first", () => {
    const trees = [
      ["1", [directory("a", "2"), directory("b", "2"), file]],
      ["2", [directory("a", "3"), directory("b", "3")]],
      ["3", [file, file]],
    ] as const;
    for (const shown of [trees, trees.toReversed()]) {
      const unfolded = new UnfoldedTrees();
      for (const [digit, entries] of shown) unfolded.add(digit.repeat(40), entries);
      expect(unfolded.largest()).toBe(1 + 1 + 2 * (1 + 2 * (1 + 2)));
    }
  });

  it("counts what upstream has as one", () => {
    const unfolded = new UnfoldedTrees();
    unfolded.add("1".repeat(40), [directory("a", "2"), directory("b", "2")]);
    expect(unfolded.largest()).toBe(3);
  });

  it("counts a tree that holds itself, which no hash allows, as endless", () => {
    const unfolded = new UnfoldedTrees();
    unfolded.add("1".repeat(40), [directory("a", "1")]);
    expect(unfolded.largest()).toBe(Number.POSITIVE_INFINITY);
  });
});
