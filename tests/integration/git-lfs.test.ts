import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GitWorld, startGitWorld } from "./git-kit.ts";

const POINTER = [
  "version https://git-lfs.github.com/spec/v1",
  `oid sha256:${"a".repeat(64)}`,
  "size 12345",
  "",
].join("\n");
const ATTRIBUTES = "*.bin filter=lfs diff=lfs merge=lfs -text\n";
const REASON = "git-gate: Git LFS does not go through the gate";

let world: GitWorld;
/** a repository with a file of Git LFS */
beforeAll(async () => {
  world = await startGitWorld();
  const seed = join(world.folder, "seed");
  await world.commit(seed, ".gitattributes", ATTRIBUTES);
  // with no filter, what stands for the file is committed as it is
  writeFileSync(join(seed, "large.bin"), POINTER);
  await world.must(seed, "-c", "filter.lfs.clean=cat", "add", "large.bin");
  await world.must(seed, "commit", "-q", "-m", "A large file");
  await world.must(seed, "push", "-q", world.upstream, "main");
});
afterAll(() => world.close());

it("answers what is no client of git in the form of Git LFS", async () => {
  const response = await fetch(`${world.url}/info/lfs/objects/batch`, { method: "POST", body: "{}" });
  expect(response.status).toBe(403);
  expect(response.headers.get("content-type")).toBe("application/vnd.git-lfs+json");
  expect(await response.json()).toEqual({ message: expect.stringContaining(REASON) as string });
});

it("clones a repository with files of Git LFS for who has no Git LFS, with what stands for them", async () => {
  const work = await world.clone("plain");
  expect(readFileSync(join(work, "large.bin"), "utf8")).toBe(POINTER);
});

const hasLfs = ((): boolean => {
  try {
    execFileSync("git", ["lfs", "version"], { stdio: "ignore" });
    return true;
  } catch {
    process.stderr.write("SKIPPED a real client of Git LFS: git-lfs is not installed\n");
    return false;
  }
})();

describe.skipIf(!hasLfs)("a real client of Git LFS", () => {
  const LFS = ["clean=git-lfs clean -- %f", "smudge=git-lfs smudge -- %f", "required=true"];
  const lfs = LFS.flatMap((setting) => ["-c", `filter.lfs.${setting}`]);

  it("shows the gate's reason for a download", async () => {
    const ended = await world.git(world.folder, ...lfs, "clone", world.url, "smudged");
    expect(ended.code).toBeGreaterThan(0);
    expect(ended.stderr).toContain(REASON);
  });

  it("clones with GIT_LFS_SKIP_SMUDGE, and fetches nothing", async () => {
    const skips = await startGitWorld({ environment: { GIT_LFS_SKIP_SMUDGE: "1" } });
    try {
      await world.must(join(world.folder, "seed"), "push", "-q", "--force", skips.upstream, "main");
      const work = await skips.clone("work", ...lfs);
      expect(readFileSync(join(work, "large.bin"), "utf8")).toBe(POINTER);
    } finally {
      await skips.close();
    }
  });

  it("shows the gate's reason for an upload, and nothing is pushed", async () => {
    const work = await world.clone("uploads");
    for (const setting of LFS)
      await world.must(
        work,
        "config",
        `filter.lfs.${setting.split("=")[0]}`,
        setting.slice(setting.indexOf("=") + 1),
      );
    await world.must(work, "lfs", "install", "--local", "--skip-smudge");
    const before = world.refs(world.upstream);
    await world.commit(work, "mine.bin", "mine\n");
    const pushed = await world.git(work, "push", "origin", "main");
    expect(pushed.code).toBeGreaterThan(0);
    expect(pushed.stderr).toContain(REASON);
    expect(world.refs(world.upstream)).toEqual(before);
  });
});
