import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { instanceOf, readInstance } from "./instance.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bb-instance-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the mark of a state folder", () => {
  it("is made once, and only by who makes things", () => {
    expect(readInstance(folder)).toBeUndefined();
    const made = instanceOf(folder);
    expect(made).toMatch(/^[0-9a-f]{16}$/);
    expect([instanceOf(folder), readInstance(folder)]).toEqual([made, made]);
  });

  it.each(["", "0123", "another mark"])("is not replaced when it reads %j", (text) => {
    writeFileSync(join(folder, "instance"), text);
    for (const read of [instanceOf, readInstance])
      expect(() => read(folder)).toThrow("put back the 16 digits");
    expect(readFileSync(join(folder, "instance"), "utf8")).toBe(text);
  });
});
