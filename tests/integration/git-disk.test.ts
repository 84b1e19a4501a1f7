import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { noise } from "../bench/git-repository.ts";
import { CAPABILITIES, type PackEntry, packOf, pushRaw } from "./git-evasions-kit.ts";
import { type GateChild, startGateChild } from "./git-gate-child.ts";
import { type GitWorld, startGitWorld } from "./git-kit.ts";
import { aSmallDisk, type SmallDisk } from "./small-disk.ts";

const MEGABYTE = 1024 * 1024;

let world: GitWorld;
let disk: SmallDisk | undefined;
let gate: GateChild | undefined;
afterEach(async () => {
  await gate?.kill();
  await disk?.end();
  await world.close();
  [disk, gate] = [undefined, undefined];
});

/** A gate whose mirrors lie on a disk of its own. */
async function startOnSmallDisk(megabytes: number): Promise<SmallDisk> {
  world = await startGitWorld({ stopped: true });
  const { mirrorsFolder } = world.options;
  mkdirSync(mirrorsFolder, { recursive: true });
  const small = await aSmallDisk(mirrorsFolder, megabytes);
  disk = small;
  gate = await startGateChild(world, "pass", small.enter);
  return small;
}

/** A commit of bytes that nothing compresses, in a clone or in upstream's own. */
async function commitNoise(work: string, name: string, bytes: number): Promise<string> {
  return world.commit(work, name, noise(name, bytes).toString("base64"));
}

const halves = (small: SmallDisk): string[] =>
  globSync(["**/tmp_*", "**/*.lock", "**/.tmp-*"], { cwd: small.folder });

describe("a full disk of the mirrors", () => {
  it("refuses a push with the reason, leaves nothing half, and takes it when there is room", async () => {
    const small = await startOnSmallDisk(16);
    const work = await world.clone("work");
    const before = world.refs(world.upstream);
    const id = await commitNoise(work, "large", 2 * MEGABYTE);
    small.fill();
    const pushed = await world.git(work, "push", "origin", "main");
    expect(pushed.code).not.toBe(0);
    expect(pushed.stderr).toMatch(/No space left on device|the gate's disk has no room/);
    expect(world.refs(world.upstream)).toEqual(before);
    small.free();
    expect(halves(small)).toEqual([]);
    await world.must(work, "push", "-q", "origin", "main");
    expect(world.refs(world.upstream)["refs/heads/main"]).toBe(id);
  });

  it("ends a fetch with the reason, leaves nothing half, and serves it when there is room", async () => {
    const small = await startOnSmallDisk(16);
    const work = await world.clone("work");
    const seed = join(world.folder, "seed");
    const id = await commitNoise(seed, "large", 2 * MEGABYTE);
    await world.must(seed, "push", "-q", world.upstream, "main");
    small.fill();
    const fetched = await world.git(work, "fetch", "origin");
    expect(fetched.code).not.toBe(0);
    expect(fetched.stderr).toContain(
      "remote error: git-gate: MirrorUnusable: the gate's disk has no room for what upstream has",
    );
    small.free();
    expect(halves(small)).toEqual([]);
    await world.must(work, "fetch", "-q", "origin");
    expect(await world.must(work, "rev-parse", "origin/main")).toBe(id);
  });
});

describe("a mirror's limit", () => {
  it("ends a fetch of more, says so, and leaves no part of it", async () => {
    world = await startGitWorld({ limits: { maxMirrorBytes: MEGABYTE } });
    const seed = join(world.folder, "seed");
    const work = await world.clone("work");
    await commitNoise(seed, "large", 2 * MEGABYTE);
    await world.must(seed, "push", "-q", world.upstream, "main");
    // one that hears of the progress has the beginning of an answer already
    for (const how of ["--progress", "--no-progress", "--progress"]) {
      const fetched = await world.git(work, "fetch", how, "origin");
      expect(fetched.code).not.toBe(0);
      expect(fetched.stderr).toMatch(
        /^fatal: remote error: git-gate: MirrorUnusable: upstream has more than the gate keeps of one remote: 1 MB/m,
      );
    }
    expect(globSync("objects/pack/tmp_*", { cwd: world.mirror })).toEqual([]);
  });

  it("is for what upstream has now: what it no longer has is given up for that", async () => {
    world = await startGitWorld({ limits: { maxMirrorBytes: 3 * MEGABYTE } });
    const seed = join(world.folder, "seed");
    const work = await world.clone("work");
    for (const name of ["one", "two", "three"]) {
      await world.must(seed, "checkout", "-q", "--orphan", name);
      await world.must(seed, "rm", "-q", "-r", "-f", ".");
      const id = await commitNoise(seed, name, MEGABYTE);
      await world.must(seed, "push", "-q", "--force", world.upstream, "HEAD:main");
      await world.must(work, "fetch", "-q", "origin");
      expect(await world.must(work, "rev-parse", "origin/main")).toBe(id);
    }
  });
});

describe("pushes of what no ref leads to", () => {
  it("do not make a mirror grow without end", async () => {
    world = await startGitWorld({ limits: { maxMirrorBytes: MEGABYTE } });
    const work = await world.clone("work");
    for (const name of ["one", "two", "three"]) {
      const id = await world.commit(work, name, name);
      const pack = packOf(await entriesOf(work, id, noise(name, MEGABYTE)));
      const from = world.refs(world.upstream)["refs/heads/main"];
      expect(await pushRaw(world, [`${from} ${id} refs/heads/main\0${CAPABILITIES}`], pack)).toContain("ok ");
    }

    // whoever is about to push is shown what upstream has by then
    await world.must(work, "push", "-q", "--dry-run", "origin", "main");

    expect(bytesOf(world.mirror)).toBeLessThan(MEGABYTE);
    expect(world.refs(world.mirror)).toEqual(world.refs(world.upstream));
  });
});

/** The objects of a commit, and a file that nothing leads to. */
async function entriesOf(work: string, id: string, extra: Buffer): Promise<PackEntry[]> {
  const listed = await world.must(work, "rev-list", "--objects", "--no-object-names", `${id}`, `^${id}^`);
  const entries = listed.split("\n").map((each): PackEntry => {
    const git = (...args: string[]): Buffer => execFileSync("git", ["-C", work, "cat-file", ...args]);
    const type = git("-t", each).toString().trim() as "blob";
    return { type, bytes: git(type, each) };
  });
  return [...entries, { type: "blob", bytes: extra }];
}

const bytesOf = (mirror: string): number =>
  globSync("objects/pack/*.pack", { cwd: mirror }).reduce(
    (sum, name) => sum + statSync(join(mirror, name)).size,
    0,
  );

describe("many packs", () => {
  it("are made few, and the mirror stays whole", async () => {
    world = await startGitWorld();
    const seed = join(world.folder, "seed");
    const packs = (): number => globSync("objects/pack/*.pack", { cwd: world.mirror }).length;
    for (let index = 0; index < 35; index += 1) {
      await world.commit(seed, "file", `${index}\n`);
      await world.must(seed, "push", "-q", world.upstream, "main");
      await world.must(world.folder, "ls-remote", world.url);
    }
    await expect.poll(packs).toBeLessThan(31);
    const work = await world.clone("work");
    expect(await world.must(work, "rev-list", "--count", "HEAD")).toBe("36");
    expect(await world.must(world.mirror, "fsck", "--full")).toBe("");
  });
});
