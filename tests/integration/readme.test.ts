import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aBb, run, type Bb, type Ran } from "./cli-kit.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const CHAPTER = README.slice(README.indexOf("## A bottle"));

const blockOf = (language: string): string =>
  new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(CHAPTER)?.[1] ?? "";
const rows = blockOf("sh")
  .split("\n")
  .map((row) => row.split("#").map((column) => column.replace(/^\s*or:/, "").trim()));
/** an agent's own screen needs a terminal, and is tried in tests/e2e */
const isRunHere = (line: string | undefined): line is string =>
  line !== undefined && line !== "" && !line.includes("attach");
const withBb = rows.map(([first]) => first).filter(isRunHere);
const withKubectl = rows.map(([, second]) => second).filter(isRunHere);

let folder: string;
let bb: Bb;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bb-readme-"));
  symlinkSync(join(ROOT, "bb"), join(folder, "bb"));
  writeFileSync(join(folder, "bottle.yaml"), blockOf("yaml"));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  bb = aBb({ BOT_BOTTLE_CLAUDE_OAUTH_TOKEN: "sk-ant-oat01-of-a-test" });
});
afterEach(() => bb.end());

const follow = (lines: readonly string[]): Promise<Ran> =>
  run(["sh", "-exc", lines.join("\n")], { cwd: folder, environment: bb.environment });

describe("the README's ten lines", () => {
  it("are ten", () => {
    expect(blockOf("yaml").trimEnd().split("\n").length).toBe(10);
    expect(withBb.length).toBeGreaterThanOrEqual(5);
    expect(withKubectl.length).toBeGreaterThanOrEqual(5);
  });

  it("do with bb what they say", async () => {
    const { code, stdout, stderr } = await follow(withBb);
    expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
    expect(stdout).toContain("bottle.bot-bottle.dev/hello condition met");
    expect(stdout).toContain("bottle.bot-bottle.dev/hello deleted");
  });

  it("do the same with kubectl", async () => {
    const secret = withBb.filter((line) => line.includes("secret set"));
    const { code, stdout, stderr } = await follow([...secret, ...withKubectl]);
    expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
    expect(stdout).toContain("bottle.bot-bottle.dev/hello condition met");
    expect(stdout).toMatch(/bottle\.bot-bottle\.dev "hello" deleted/);
  });
});
