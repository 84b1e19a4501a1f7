import { describe, expect, it } from "vitest";
import { resourceDefinitions } from "../../crds/resources.ts";
import { readJsonPath } from "./json-path.ts";

const object = {
  a: {
    "b-c": [
      { type: "X", v: 1 },
      { type: "Ready", v: 2 },
    ],
  },
  constructor: "own",
};

describe("readJsonPath", () => {
  it.each([
    [".a.b-c[0].v", 1],
    ['.a.b-c[?(@.type=="Ready")].v', 2],
    [".a['b-c'][1].type", "Ready"],
    [".a.missing.deeper", undefined],
    ['.a.b-c[?(@.type=="None")].v', undefined],
    [".a.b-c[9]", undefined],
    [".a.toString", undefined],
    [".a.__proto__", undefined],
  ])("reads %s", (path, value) => {
    expect(readJsonPath(object, path)).toBe(value);
  });

  it("throws for a path that it does not understand", () => {
    for (const path of ["a", "..a", ".a[*]", ".a[?(@.x>1)]", "{.a}"]) {
      expect(() => readJsonPath(object, path)).toThrow(/cannot be read/);
    }
  });

  it("understands every printer column", () => {
    const columns = resourceDefinitions.flatMap(({ printerColumns }) => printerColumns);
    expect(columns.length).toBeGreaterThan(5);
    for (const { jsonPath } of columns) expect(() => readJsonPath({}, jsonPath)).not.toThrow();
  });
});
