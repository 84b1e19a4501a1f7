import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createPrivateFile, readPrivateFile, replacePrivateFile, UnsafeFileError } from "./private-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bb-private-"));
  path = join(folder, "key");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("readPrivateFile", () => {
  it("says that an absent file is absent", () => {
    expect(readPrivateFile(path)).toBeUndefined();
  });

  it.each([0o640, 0o604, 0o620, 0o601])("refuses mode %o and says how to mend it", (mode) => {
    writeFileSync(path, "secret");
    chmodSync(path, mode);
    expect(() => readPrivateFile(path)).toThrow(
      new UnsafeFileError(path, `others may read it; run: chmod 600 '${path}'`),
    );
  });

  it("refuses what is no file, and is not held up by it", () => {
    execFileSync("mkfifo", ["-m", "600", path]);
    expect(() => readPrivateFile(path)).toThrow("it is not a file");
    expect(() => readPrivateFile(folder)).toThrow("it is not a file");
  });
});

describe("a private file", () => {
  it("is made 0600, once, and leaves no draft", () => {
    createPrivateFile(path, "first");
    expect(() => createPrivateFile(path, "second")).toThrow("EEXIST");
    expect(readPrivateFile(path)).toBe("first");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["key"]);
  });

  it("is replaced whole, 0600, whatever mode it had", () => {
    writeFileSync(path, "first", { mode: 0o644 });
    replacePrivateFile(path, "second");
    expect(readPrivateFile(path)).toBe("second");
    expect(readdirSync(folder)).toEqual(["key"]);
  });

  it("stays as it was when it cannot be replaced", () => {
    createPrivateFile(path, "first");
    expect(() => replacePrivateFile(join(folder, "absent", "key"), "second")).toThrow("ENOENT");
    expect(readFileSync(path, "utf8")).toBe("first");
  });
});
