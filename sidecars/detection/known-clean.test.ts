import { describe, expect, it } from "vitest";
import { createDetector, createFragmentRing, type InspectionContext } from "./index.ts";
import { KnownClean } from "./known-clean.ts";

const VALUE = "7Gk2pQ9xLm3Vb8Rt5Yc1Nz6Wd4";
const TOKEN = "ghp" + "_16C7e42F292c6912E7710c838347Ae178B4a";
const headers: [string, string][] = [
  ["user-agent", "a-client/1"],
  ["x-note", "nothing"],
];
const headWith = (...more: [string, string][]) => ({
  method: "GET",
  host: "api.example.com",
  path: "/v1/items?page=2",
  headers: [...headers, ...more],
});
const detectorOf = (...values: string[]) =>
  createDetector({ knownValues: values.map((value) => ({ id: "s/k", value })) });

describe("a head of which all was clean before", () => {
  it("is looked at where it has another field", async () => {
    const [detector, context] = [detectorOf(VALUE), { fragments: createFragmentRing() }];
    for (const value of ["a", "b", VALUE, TOKEN])
      expect(await detector.inspectHead(headWith(["x-other", value]), context)).toMatchObject({
        kind: value.length > 1 ? "found" : "clean",
      });
    expect(await detector.inspectHead(headWith(["x-other", VALUE]), context)).toMatchObject({
      kind: "found",
      finding: { location: "header x-other (raw)" },
    });
  });

  it("is looked at where clean fields stand side by side for the first time", async () => {
    const [detector, context] = [detectorOf(VALUE), { fragments: createFragmentRing() }];
    const first: [string, string] = ["x-ask", "secret_access_key ="];
    const second: [string, string] = ["8VrhSETgrFD8TsjiNOkTMaG7pa4bBGaLqsN5vGxT", "x"];
    for (const fields of [[first], [second], [second, first]])
      expect(await detector.inspectHead(headWith(...fields), context)).toEqual({ kind: "clean" });
    for (const known of [detector, detectorOf(VALUE)])
      expect(await known.inspectHead(headWith(first, second), context)).toMatchObject({
        kind: "found",
        finding: { rule: "aws-secret-access-key" },
      });
  });

  it("is looked at anew when another value is held", async () => {
    const fragments = createFragmentRing();
    const head = headWith(["x-other", VALUE]);
    expect(await detectorOf().inspectHead(head, { fragments })).toEqual({ kind: "clean" });
    expect(await detectorOf(VALUE).inspectHead(head, { fragments })).toMatchObject({ kind: "found" });
  });

  it("is looked at anew where its token is not at home", async () => {
    const detector = detectorOf();
    const [head, fragments] = [headWith(["authorization", `token ${TOKEN}`]), createFragmentRing()];
    const kindIn = async (context: InspectionContext) => (await detector.inspectHead(head, context)).kind;
    expect(await kindIn({ fragments, passthroughTo: "api.github.com" })).toBe("clean");
    expect(await kindIn({ fragments })).toBe("found");
    expect(await kindIn({ fragments, passthroughTo: "api.example.com" })).toBe("found");
  });

  it("tells of the pieces of a known value in it each time", async () => {
    const [detector, context] = [detectorOf(VALUE), { fragments: createFragmentRing() }];
    const first = headWith(["x-first", `a ${VALUE.slice(0, 13)} b`]);
    expect(await detector.inspectHead(first, { fragments: createFragmentRing() })).toEqual({ kind: "clean" });
    expect(await detector.inspectHead(first, context)).toEqual({ kind: "clean" });
    expect(
      await detector.inspectHead(headWith(["x-second", `c ${VALUE.slice(13)} d`]), context),
    ).toMatchObject({ kind: "found", finding: { location: "pieces over requests" } });
  });

  it("gives its pieces to the ring each time", async () => {
    const detector = detectorOf();
    const halves = [TOKEN.slice(0, 12), TOKEN.slice(12)].map((half) => headWith(["x-part", half]));
    for (const head of halves)
      expect(await detector.inspectHead(head, { fragments: createFragmentRing() })).toEqual({
        kind: "clean",
      });
    const context = { fragments: createFragmentRing() };
    expect(await detector.inspectHead(halves[0]!, context)).toEqual({ kind: "clean" });
    expect(await detector.inspectHead(halves[1]!, context)).toMatchObject({ kind: "found" });
  });

  it("is searched over fields for what an owner's rule asks for", async () => {
    const detector = createDetector({
      knownValues: [],
      ownRules: [{ id: "pair", pattern: "user: a\nx-pass: b", keywords: [], anyCase: false }],
    });
    const context = { fragments: createFragmentRing() };
    expect(await detector.inspectHead(headWith(["x-user", "a"]), context)).toEqual({ kind: "clean" });
    expect(await detector.inspectHead(headWith(["x-user", "a"], ["x-pass", "b"]), context)).toMatchObject({
      kind: "found",
      finding: { rule: "pair" },
    });
  });
});

describe("what is remembered", () => {
  it("is bounded, and what was met last stays", () => {
    const known = new KnownClean<number>();
    const textOf = (at: number): string => `${at} ${"x".repeat(8000)}`;
    known.add("always", -1);
    for (let at = 0; at < 1000; at += 1) {
      known.add(textOf(at), at);
      expect(known.readOf("always")).toBe(-1);
    }
    const held = Array.from({ length: 1000 }, (_, at) => known.readOf(textOf(at)));
    expect(held.filter((at) => at !== undefined).length).toBeLessThanOrEqual(131);
    expect(held.at(-1)).toBe(999);
  });

  it("is bounded by what is said to cost as much", () => {
    const known = new KnownClean<number>();
    for (let at = 0; at < 1000; at += 1) known.add(`${at}`, at, 8_000);
    const held = Array.from({ length: 1000 }, (_, at) => known.readOf(`${at}`));
    expect(held.filter((at) => at !== undefined).length).toBeLessThanOrEqual(131);
    known.add("costly", 1, 10_000);
    expect(known.readOf("costly")).toBeUndefined();
  });

  it("is nothing that is long", () => {
    const known = new KnownClean<true>();
    known.add("x".repeat(10_000), true);
    expect(known.readOf("x".repeat(10_000))).toBeUndefined();
  });
});
