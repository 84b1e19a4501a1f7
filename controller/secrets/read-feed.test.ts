import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FeedError, readFeed } from "./read-feed.ts";

const signal = new AbortController().signal;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "feed-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const fileWith = (content: string | Buffer): string => {
  const path = join(folder, "value");
  writeFileSync(path, content);
  return path;
};

describe("readFeed", () => {
  it.each([
    ["token", "token"],
    ["token\n", "token"],
    ["token\r\n", "token"],
    ["-----BEGIN\nkey\n-----END\n", "-----BEGIN\nkey\n-----END\n"],
    ["two\n\n", "two\n\n"],
  ])("reads the file %j as %j", async (content, value) => {
    expect((await readFeed({ file: fileWith(content) }, signal)).toString()).toBe(value);
  });

  it("gives a line to the shell and a list to no shell", async () => {
    expect((await readFeed({ command: "printf '%s' a | tr a b" }, signal)).toString()).toBe("b");
    expect((await readFeed({ command: ["printf", "%s", "$HOME | x"] }, signal)).toString()).toBe("$HOME | x");
  });

  it.each([
    [{ file: "/nowhere/at/all" }, "the file /nowhere/at/all cannot be read (ENOENT)"],
    [{ command: "exit 3" }, "the command exited with code 3; run it by hand to see why"],
    [{ command: ["/nowhere/program"] }, "the command could not be run (ENOENT)"],
    [{ command: "true" }, "the command gave nothing"],
    [{ command: "head -c 2000000 /dev/zero" }, "the command wrote more than 1 MiB"],
  ])("says of %j: %s", async (feed, message) => {
    const reading = readFeed(feed, signal);
    await expect(reading).rejects.toThrow(FeedError);
    await expect(reading).rejects.toThrow(message);
  });

  it("never puts what a command wrote into an error", async () => {
    const reading = readFeed({ command: "echo hunter2; echo hunter2 >&2; exit 1" }, signal);
    const error = await reading.catch((failure: Error) => failure);
    expect(error).toBeInstanceOf(FeedError);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("hunter2");
  });

  it("refuses a file over 1 MiB", async () => {
    await expect(readFeed({ file: fileWith(Buffer.alloc(1024 * 1024 + 1)) }, signal)).rejects.toThrow(
      "larger than 1 MiB",
    );
  });

  it("ends a command that is aborted, with all that it started", async () => {
    const stop = new AbortController();
    const pids = join(folder, "pids");
    const reading = readFeed({ command: `sleep 600 & echo $! > ${pids}; wait` }, stop.signal);
    await expect.poll(() => readText(pids), { timeout: 5_000 }).toMatch(/^\d+\n$/);
    stop.abort();
    await expect(reading).rejects.toThrow("did not end in time");
    await expect.poll(() => isAlive(Number(readText(pids)))).toBe(false);
  });
});

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // not written yet
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // a child that nobody waits for stays as a zombie
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
