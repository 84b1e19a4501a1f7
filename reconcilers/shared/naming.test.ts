import { describe, expect, it } from "vitest";
import { hashOf, sandboxName, volumeName } from "./naming.ts";

describe("names of parts", () => {
  it("follow from uid and role alone", () => {
    expect([sandboxName("u", "agent"), volumeName("u", "home")]).toEqual(["bb-u-agent", "bb-u-home"]);
  });
});

describe("hashOf", () => {
  it.each([
    { what: "the order of keys", a: { x: 1, y: { b: 1, a: 2 } }, b: { y: { a: 2, b: 1 }, x: 1 } },
    { what: "a field that is undefined", a: { x: 1, y: undefined }, b: { x: 1 } },
  ])("does not see $what", ({ a, b }) => {
    expect(hashOf(a)).toBe(hashOf(b));
  });

  it.each([
    { what: "a value", a: { x: 1 }, b: { x: 2 } },
    { what: "a type", a: { x: 1 }, b: { x: "1" } },
    { what: "the order of a list", a: [1, 2], b: [2, 1] },
    { what: "null", a: { x: null }, b: {} },
  ])("sees $what", ({ a, b }) => {
    expect(hashOf(a)).not.toBe(hashOf(b));
  });
});
