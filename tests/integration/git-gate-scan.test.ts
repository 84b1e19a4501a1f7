import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createInspectPush } from "../../sidecars/git-gate/judge/inspect-push.ts";
import { CI_PATHS } from "../../crds/git-remote.ts";
import { type Ended, type GitWorld, startGitWorld } from "./git-kit.ts";
import { scanPath, SECRET } from "./git-push-kit.ts";

let world: GitWorld;
let work: string;

beforeAll(async () => {
  const inspectPush = createInspectPush({ knownValues: () => [], path: await scanPath() });
  world = await startGitWorld({ inspectPush, policy: { allowForce: false, protectedPaths: [...CI_PATHS] } });
  work = await world.clone("work");
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.must(work, "fetch", "-q", "--prune");
  await world.must(work, "checkout", "-q", "-B", "main", "origin/main");
});

const line = `key=${SECRET}\n`;
const push = (...refs: string[]): Promise<Ended> => world.git(work, "push", "-q", "origin", ...refs);

/** Every object of a repository, reachable or not, raw. */
const objectsOf = (repository: string): string =>
  execFileSync("git", ["-C", repository, "cat-file", "--batch-all-objects", "--batch"], {
    timeout: 20_000,
  }).toString("latin1");

function expectNothingLeft(before: Record<string, string>): void {
  expect(world.refs(world.upstream)).toEqual(before);
  expect(world.refs(world.mirror)).toEqual(before);
  expect(objectsOf(world.upstream)).not.toContain(SECRET);
  expect(objectsOf(world.mirror)).not.toContain(SECRET);
}

describe("a secret that is pushed through the gate", () => {
  it("is told to the agent with commit, path, line and remedy, and nothing is at upstream", async () => {
    const before = world.refs(world.upstream);
    const id = await world.commit(work, "key.env", `one\n${line}`);

    const { code, stderr } = await push("main");

    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`aws-access-key-id: commit ${id}, blob [0-9a-f]{40}, path key.env, line 2`),
    );
    expect(stderr).toContain("git rebase -i");
    expect(stderr).not.toContain(SECRET);
    expectNothingLeft(before);
  });

  it("is refused again when a later commit removes it, and passes once it is out of the history", async () => {
    const before = world.refs(world.upstream);
    await world.commit(work, "key.env", line);
    expect((await push("main")).code).toBe(1);
    await world.commit(work, "key.env", "gone\n");
    expect((await push("main")).code).toBe(1);
    expectNothingLeft(before);

    await world.must(work, "reset", "-q", "--hard", "origin/main");
    const id = await world.commit(work, "key.env", "clean\n");
    expect(await push("main")).toMatchObject({ code: 0 });
    expect(world.refs(world.upstream)["refs/heads/main"]).toBe(id);
  });

  it("takes everything down that is pushed with it", async () => {
    const before = world.refs(world.upstream);
    await world.commit(work, "a.txt", "clean\n");
    await world.must(work, "branch", "-f", "clean");
    await world.must(work, "tag", "-f", "-a", "-m", line, "v1");

    expect((await push("clean", "v1")).code).toBe(1);
    expectNothingLeft(before);
  });

  it("is found in what a client replaced for itself", async () => {
    const before = world.refs(world.upstream);
    const dirty = await world.commit(work, "b.txt", line);
    await world.must(work, "replace", dirty, "HEAD~1");

    expect((await push("main")).code).toBe(1);
    expectNothingLeft(before);
    await world.must(work, "replace", "-d", dirty);
  });
});

describe("the push rules of a remote", () => {
  it("hold for force and for what a forge runs", async () => {
    await world.commit(work, "c.txt", "c\n");
    expect((await push("main")).code).toBe(0);
    const before = world.refs(world.upstream);

    await world.must(work, "reset", "-q", "--hard", "HEAD~1");
    await world.commit(work, "c.txt", "other\n");
    expect((await push("--force", "main")).stderr).toContain("ForceNotAllowed: refs/heads/main");
    await world.must(work, "reset", "-q", "--hard", "origin/main");
    await world.commit(work, ".gitlab-ci.yml", "script: x\n");
    expect((await push("main")).stderr).toContain("ProtectedPath");
    expectNothingLeft(before);
  });
});
