import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBoundedLog } from "./bounded-log.ts";

const MOST = 1000;

let folder: string;
let path: string;
let descriptor: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bb-log-"));
  path = join(folder, "log");
  descriptor = openSync(path, "a", 0o600);
});
afterEach(() => {
  closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

function writeLines(count: number, log = createBoundedLog(descriptor, path, MOST)): void {
  for (let line = 1; line <= count; line++) log(Buffer.from(`line ${line}\n`));
}

describe("the log of a controller that runs for months", () => {
  it("is bounded, keeps what was last, and stays its owner's", () => {
    writeLines(1000);
    expect(readFileSync(path, "utf8")).toMatch(/line 1000\n$/);
    for (const file of [path, `${path}.1`]) {
      expect(statSync(file).size).toBeLessThan(MOST * 1.1);
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    const all = readFileSync(`${path}.1`, "utf8") + readFileSync(path, "utf8");
    expect(all.split("\n").length).toBeGreaterThan(MOST / 10);
  });

  it("starts again also when it cannot be put aside", () => {
    mkdirSync(`${path}.1`);
    writeLines(500);
    expect(statSync(path).size).toBeLessThan(MOST * 1.1);
  });

  it("leaves a file alone that is not the one it writes to", () => {
    writeLines(500, createBoundedLog(descriptor, join(folder, "other"), MOST));
    expect(statSync(path).size).toBeGreaterThan(MOST);
    expect(existsSync(`${path}.1`)).toBe(false);
  });
});
