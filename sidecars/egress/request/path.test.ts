import { describe, expect, it } from "vitest";
import { normalisePath } from "./path.ts";

describe("normalisePath", () => {
  it.each([
    ["/", "/"],
    ["/a/b", "/a/b"],
    ["/a/./b", "/a/b"],
    ["/a/../b", "/b"],
    ["/a/..", "/"],
    ["/a/.", "/a/"],
    ["/../../a", "/a"],
    ["/%61/%2e%2e/b", "/b"],
    ["/%7euser", "/~user"],
    ["/a%2fb", "/a%2Fb"],
    ["/a%20b", "/a%20b"],
    ["/.well-known/x", "/.well-known/x"],
    ["/a/...", "/a/..."],
    ["/a;b=c", "/a;b=c"],
    ["//a", "//a"],
    ["/100%25", "/100%25"],
    ["/%C3%A9", "/%C3%A9"],
  ])("brings %s to %s", (raw, path) => {
    expect(normalisePath(raw)).toMatchObject({ kind: "path", path });
  });

  it("gives the same again when it is asked about its own answer", () => {
    for (const raw of ["/a/%2E/b", "/%41/..//x", "/a%2fb/%2e%2e/c"]) {
      const once = normalisePath(raw);
      expect(once.kind).toBe("path");
      if (once.kind === "path") expect(normalisePath(once.path)).toEqual(once);
    }
  });

  it.each([
    ["/a/..%2fb"],
    ["/a/%2e%2e%2fb"],
    ["/a%2f..%2fb"],
    ["/a/..%5cb"],
    ["/a\\..\\b"],
    ["/a/%252e%252e/b"],
    ["/a/%25252e%25252e/b"],
    ["/a/..;/b"],
    ["/a/..;x=y/b"],
    ["/a/.%3b/b"],
    ["/a/..%c0%afb"],
    ["/a/%C0%AE%C0%AE/b"],
    ["/a/..%e0%80%afb"],
    ["/a%00"],
    ["/a%0d%0ab"],
    ["/a%"],
    ["/a%2"],
    ["/a%zz"],
    ["a"],
    [""],
  ])("refuses %s", (raw) => {
    expect(normalisePath(raw).kind).toBe("invalid");
  });

  it("says how a lenient server would read it", () => {
    expect(normalisePath("/a%2Fb//c;x/")).toMatchObject({ alternative: "/a/b/c/" });
    expect(normalisePath("/a/b")).toMatchObject({ alternative: "/a/b" });
  });
});
