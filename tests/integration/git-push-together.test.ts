import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { InspectPush } from "../../sidecars/git-gate/contract.ts";
import { type GitWorld, setHook, startGitWorld } from "./git-kit.ts";

const clean: InspectPush = () => Promise.resolve({ kind: "clean" });

let world: GitWorld;
let work: string;
let other: string;
let inspect: InspectPush = clean;

beforeEach(async () => {
  inspect = clean;
  world = await startGitWorld({ inspectPush: (request, signal) => inspect(request, signal) });
  work = await world.clone("work");
  other = await world.clone("other");
});
afterEach(() => world.close());

/** What somebody else sees of upstream's main, through the gate. */
const seen = async (): Promise<string> =>
  (await world.must(other, "ls-remote", "origin", "main")).slice(0, 40);

describe("while a push is under way", () => {
  it("and judged, others read, and what moves meanwhile is not lost", async () => {
    const judging = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    inspect = async (request, signal) => {
      judging.resolve();
      await goOn.promise;
      return clean(request, signal);
    };
    await world.commit(work, "a", "a\n");
    const pushed = world.git(work, "push", "--force", "origin", "main");
    await judging.promise;
    inspect = clean;
    const theirs = await world.commit(other, "b", "b\n");
    await world.must(other, "push", "-q", "origin", "main");
    expect(await seen()).toBe(theirs);
    goOn.resolve();
    expect((await pushed).stderr).toContain("upstream refused refs/heads/main: stale info");
    expect(world.refs(world.upstream)["refs/heads/main"]).toBe(theirs);
    expect(world.refs(world.mirror)).toEqual(world.refs(world.upstream));
  });

  it("and upstream takes it, others see what upstream has, and afterwards the new", async () => {
    const before = await seen();
    const [began, goOn] = [join(world.folder, "began"), join(world.folder, "go-on")];
    execFileSync("mkfifo", [goOn]);
    setHook(world.upstream, "pre-receive", `touch ${began}; cat ${goOn}`);
    const id = await world.commit(work, "a", "a\n");
    const pushed = world.git(work, "push", "origin", "main");
    await expect.poll(() => existsSync(began)).toBe(true);
    expect(await seen()).toBe(before);
    writeFileSync(goOn, "");
    expect(await pushed).toMatchObject({ code: 0 });
    expect(world.refs(world.mirror)["refs/heads/main"]).toBe(id);
    expect(await seen()).toBe(id);
  });

  it("and upstream took it, a refresh that comes before git has ended does not spoil it", async () => {
    const id = await world.commit(work, "a", "a\n");
    // upstream tells nobody of the push before somebody else has read it
    setHook(
      world.upstream,
      "post-receive",
      `git --git-dir=${other}/.git ls-remote ${world.url} > ${world.folder}/read`,
    );
    expect(await world.git(work, "push", "origin", "main")).toMatchObject({ code: 0 });
    expect(readFileSync(join(world.folder, "read"), "utf8")).toContain(`${id}\trefs/heads/main`);
    expect(await seen()).toBe(id);
    expect(world.refs(world.mirror)).toEqual(world.refs(world.upstream));
  });
});

describe("many pushes at once", () => {
  it("are taken four at a time and judged two at a time, and all arrive", async () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    const unpacked: number[] = [];
    const judged: number[] = [];
    let judging = 0;
    inspect = async () => {
      judging += 1;
      judged.push(judging);
      // the first waits until all that may are there
      await expect
        .poll(() => quarantines(), { timeout: 20_000 })
        .toBeGreaterThanOrEqual(Math.min(4, names.length - unpacked.length));
      unpacked.push(quarantines());
      judging -= 1;
      return { kind: "clean" };
    };
    const pushes = names.map(async (name) => {
      const own = await world.clone(`own-${name}`);
      await world.commit(own, name, name);
      return (): Promise<string> => world.must(own, "push", "-q", "origin", `HEAD:${name}`);
    });

    const ready = await Promise.all(pushes);
    await Promise.all(ready.map((push) => push()));

    expect(Math.max(...unpacked)).toBe(4);
    expect(Math.max(...judged)).toBeLessThanOrEqual(2);
    expect(Object.keys(world.refs(world.upstream))).toEqual(
      expect.arrayContaining(names.map((name) => `refs/heads/${name}`)),
    );
  });
});

const quarantines = (): number => globSync("objects/tmp_objdir-*", { cwd: world.mirror }).length;
