import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openAuditFile } from "./audit-file.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "bb-audit-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the file of an audit", () => {
  it("holds all that was written in one piece, in order, and what was there before", async () => {
    const path = join(folder, "audit");
    for (const run of ["one", "two"]) {
      const file = await openAuditFile(path);
      file.cork();
      for (const line of ["a", "b", "c"]) file.write(`${run} ${line}\n`);
      file.uncork();
      file.write(`${run} last\n`);
      await finished(file.end());
    }
    const lines = ["one", "two"].flatMap((run) => ["a", "b", "c", "last"].map((line) => `${run} ${line}`));
    expect(readFileSync(path, "utf8").trimEnd().split("\n")).toEqual(lines);
  });

  it("is for its owner alone", async () => {
    const path = join(folder, "audit");
    const before = process.umask(0);
    try {
      (await openAuditFile(path)).destroy();
    } finally {
      process.umask(before);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("holds nobody up where it is a pipe that nobody reads yet", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    const opening = openAuditFile(path);
    const reader = spawn("cat", [path], { stdio: ["ignore", "pipe", "ignore"] });
    (await opening).end("a record\n");
    const [record] = (await once(reader.stdout, "data")) as [Buffer];
    expect(record.toString()).toBe("a record\n");
  });
});
