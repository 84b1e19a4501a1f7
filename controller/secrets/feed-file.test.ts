import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FeedFileError, readFeeds, recordFeed, removeFeeds } from "./feed-file.ts";

const CLAUDE = { namespace: "default", name: "claude", key: "oauth-token" };
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "feeds-"));
  path = join(folder, "secrets.yaml");
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (text: string, mode = 0o600) => {
  writeFileSync(path, text);
  chmodSync(path, mode);
};

describe("secrets.yaml", () => {
  it("is absent at first and 0600 when it is written", () => {
    expect(readFeeds(path)).toEqual([]);
    recordFeed(path, { ...CLAUDE, file: "/run/token" });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFeeds(path)).toEqual([{ ...CLAUDE, file: "/run/token" }]);
  });

  it("holds one feed a key, and the last one recorded", () => {
    recordFeed(path, { ...CLAUDE, file: "/run/token" });
    recordFeed(path, { ...CLAUDE, key: "other", command: ["pass", "show", "x"] });
    recordFeed(path, { ...CLAUDE, command: "pass show y" });
    expect(readFeeds(path)).toEqual([
      { ...CLAUDE, key: "other", command: ["pass", "show", "x"] },
      { ...CLAUDE, command: "pass show y" },
    ]);
    removeFeeds(path, { namespace: "default", name: "claude", key: "other" });
    expect(readFeeds(path)).toHaveLength(1);
    removeFeeds(path, { namespace: "default", name: "claude" });
    expect(readFeeds(path)).toEqual([]);
  });

  it.each([0o640, 0o604, 0o660, 0o622])("is refused with mode %o", (mode) => {
    put("feeds: []\n", mode);
    expect(() => readFeeds(path)).toThrow(
      `${path} is not used: others may read it; run: chmod 600 '${path}'`,
    );
  });

  it.each([
    ["feeds: [{name: a, key: b}]", "feeds.0: needs either file or command"],
    ["feeds: [{name: a, key: b, file: /x, command: y}]", "feeds.0: needs either file or command"],
    ["feeds: [{name: a, key: b, file: relative}]", "feeds.0.file: must be an absolute path"],
    ["feeds: [{name: a, key: b, file: /x, value: hunter2}]", "feeds.0: Unrecognized key"],
    ["secrets: hunter2", "Unrecognized key"],
    ["feeds:\n  - {a: hunter2", "line"],
  ])("says what is wrong with %j and quotes no value", (text, complaint) => {
    put(text);
    expect(() => readFeeds(path)).toThrow(FeedFileError);
    expect(() => readFeeds(path)).toThrow(complaint);
    expect(() => readFeeds(path)).not.toThrow("hunter2");
  });

  it("leaves a file that it cannot read as it is", () => {
    put("feeds: {");
    expect(() => recordFeed(path, { ...CLAUDE, file: "/x" })).toThrow(FeedFileError);
    expect(readFileSync(path, "utf8")).toBe("feeds: {");
  });
});
