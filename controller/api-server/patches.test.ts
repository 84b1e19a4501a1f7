import { describe, expect, it } from "vitest";
import { applyJsonPatch } from "./json-patch.ts";
import { StatusError } from "./status-error.ts";
import { strategicMerge } from "./strategic-merge.ts";

describe("applyJsonPatch", () => {
  it("applies operations in order and leaves the original alone", () => {
    const current = { a: { b: [1, 2] } };
    const patched = applyJsonPatch(current, [
      { op: "test", path: "/a/b/0", value: 1 },
      { op: "add", path: "/a/b/-", value: 3 },
      { op: "copy", from: "/a/b", path: "/c" },
      { op: "remove", path: "/a/b/0" },
      { op: "move", from: "/a", path: "/d" },
    ]);
    expect(patched).toEqual({ c: [1, 2, 3], d: { b: [2, 3] } });
    expect(current).toEqual({ a: { b: [1, 2] } });
  });

  it("replaces the whole object", () => {
    expect(applyJsonPatch({ a: 1 }, [{ op: "replace", path: "", value: { b: 2 } }])).toEqual({ b: 2 });
  });

  it.each([
    [[{ op: "test", path: "/a", value: "s3cr3t" }], 422],
    [[{ op: "remove", path: "/missing" }], 422],
    [[{ op: "copy", from: "/missing", path: "/b" }], 422],
    [[{ op: "unknown", path: "/s3cr3t" }], 422],
    [[{ op: "add", path: "no-slash" }], 422],
    [{ op: "add" }, 400],
    ["s3cr3t", 400],
  ])("refuses %j whole, quoting nothing", (patch, code) => {
    try {
      applyJsonPatch({ a: 1 }, patch);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(StatusError);
      expect((error as StatusError).status.code).toBe(code);
      expect((error as StatusError).message).not.toContain("s3cr3t");
    }
  });

  it("does not reach the prototype of anything", () => {
    for (const path of ["/__proto__/polluted", "/constructor/prototype/polluted"]) {
      try {
        applyJsonPatch({}, [{ op: "add", path, value: "yes" }]);
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError);
      }
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("strategicMerge", () => {
  it("merges maps, removes by null and replaces lists and scalars", () => {
    expect(strategicMerge({ a: { b: 1, c: 2 }, list: [1, 2] }, { a: { b: null, d: 3 }, list: [3] })).toEqual({
      a: { c: 2, d: 3 },
      list: [3],
    });
  });

  it("merges finalizers and owners by their keys", () => {
    const current = { finalizers: ["a", "b"], ownerReferences: [{ uid: "1", name: "x" }, { uid: "2" }] };
    const patch = {
      finalizers: ["b", "c"],
      "$deleteFromPrimitiveList/finalizers": ["a"],
      "$setElementOrder/finalizers": ["b", "c"],
      ownerReferences: [{ uid: "1", name: "y" }, { uid: "2", $patch: "delete" }, { uid: "3" }],
    };
    expect(strategicMerge(current, patch)).toEqual({
      finalizers: ["b", "c"],
      ownerReferences: [{ uid: "1", name: "y" }, { uid: "3" }],
    });
  });

  it("follows $patch and $retainKeys", () => {
    expect(strategicMerge({ a: { b: 1 } }, { a: { $patch: "replace", c: 2 } })).toEqual({ a: { c: 2 } });
    expect(strategicMerge({ a: { b: 1 } }, { a: { $patch: "delete" } })).toEqual({ a: {} });
    expect(strategicMerge({ a: { b: 1, c: 2 } }, { a: { $retainKeys: ["c"] } })).toEqual({ a: { c: 2 } });
    expect(() => strategicMerge({}, { $patch: "other" })).toThrow(StatusError);
  });
});
