import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectNothingArrived, holdingsOf, startJudgingWorld } from "./git-evasions-kit.ts";
import { startGate } from "./git-gates.ts";
import { type GitWorld, startGitWorld } from "./git-kit.ts";
import { SECRET } from "./git-push-kit.ts";

const formatOf = (repository: string): string =>
  execFileSync("git", ["-C", repository, "rev-parse", "--show-object-format"], { encoding: "utf8" }).trim();

describe("a repository whose objects are named by SHA-256", () => {
  let world: GitWorld;
  beforeAll(async () => (world = await startJudgingWorld({ format: "sha256" })));
  afterAll(() => world.close());

  it.each(["0", "2"])("is cloned in protocol version %s", async (version) => {
    const work = await world.clone(`v${version}`, "-c", `protocol.version=${version}`);
    expect(await world.must(work, "rev-parse", "HEAD")).toMatch(/^[0-9a-f]{64}$/);
    expect(await world.must(work, "fsck", "--full")).toBe("");
    expect([formatOf(work), formatOf(world.mirror)]).toEqual(["sha256", "sha256"]);
  });

  it("is fetched from, pushed to, and its refs are deleted", async () => {
    const work = await world.clone("work");
    const id = await world.commit(work, "a", "a\n");
    await world.must(work, "tag", "-a", "-m", "v1", "v1");
    await world.must(work, "push", "-q", "origin", "main", "v1", "main:topic");
    expect(world.refs(world.upstream)).toMatchObject({ "refs/heads/main": id, "refs/heads/topic": id });
    expect(world.refs(world.mirror)).toEqual(world.refs(world.upstream));
    await world.must(work, "push", "-q", "origin", ":topic");
    const seed = join(world.folder, "seed");
    await world.must(seed, "pull", "-q", world.upstream, "main");
    const theirs = await world.commit(seed, "b", "b\n");
    await world.must(seed, "push", "-q", world.upstream, "main");
    await world.must(work, "pull", "-q");
    expect(await world.must(work, "rev-parse", "HEAD")).toBe(theirs);
    expect(world.refs(world.mirror)).toEqual(world.refs(world.upstream));
  });

  it("gets no secret, in a file or a message, whichever scanner knows it", async () => {
    const work = await world.clone("secret");
    const before = holdingsOf(world, world.upstream);
    await world.commit(work, "key.env", `key=${SECRET}\n`);
    const file = await world.git(work, "push", "origin", "main");
    expect(file.stderr).toContain("aws-access-key-id");
    expect(file.stderr).not.toContain(SECRET);
    await world.must(work, "reset", "-q", "--hard", "origin/main");
    const shippo = `shippo_live_${"a1b2c3d4e5".repeat(4)}`;
    await world.must(work, "commit", "-q", "--allow-empty", "-m", `it is ${shippo}`);
    const message = await world.git(work, "push", "origin", "main");
    expect(message.stderr).toContain("shippo-api-token");
    expect([file.code, message.code]).toEqual([1, 1]);
    expectNothingArrived(world, before);
  });

  it("goes on when the gate starts again", async () => {
    await world.gate?.close();
    world.gate = await startGate(world.options, world.socket);
    expect(formatOf(world.mirror)).toBe("sha256");
    const work = await world.clone("again");
    await world.commit(work, "again", "again\n");
    await world.must(work, "push", "-q", "origin", "main");
    expect(world.refs(world.mirror)).toEqual(world.refs(world.upstream));
  });
});

describe("an upstream that is empty", () => {
  it.each(["sha1", "sha256"] as const)("and names objects by %s takes its first push", async (format) => {
    const world = await startGitWorld({ empty: true, format });
    try {
      const first = join(world.folder, "first");
      await world.must(world.folder, "init", "-q", `--object-format=${format}`, first);
      const id = await world.commit(first, "README", "new\n");
      await world.must(first, "push", "-q", world.url, "main");
      expect(world.refs(world.upstream)).toEqual({ "refs/heads/main": id });
      expect(formatOf(world.mirror)).toBe(format);
    } finally {
      await world.close();
    }
  });
});

describe("an upstream that is made anew", () => {
  it.each([
    ["sha1", "sha256"],
    ["sha256", "sha1"],
  ] as const)("from %s to %s is served as it is then", async (before, after) => {
    const world = await startGitWorld({ format: before });
    try {
      await world.clone("before");
      rmSync(world.upstream, { recursive: true });
      const format = `--object-format=${after}`;
      await world.must(world.folder, "init", "-q", "--bare", "--initial-branch=main", format, world.upstream);
      const fresh = join(world.folder, "fresh");
      await world.must(world.folder, "init", "-q", format, fresh);
      await world.commit(fresh, "README", "anew\n");
      await world.must(fresh, "push", "-q", world.upstream, "main");
      const early = await world.git(world.folder, "clone", world.url, "early");
      expect(early.stderr).toContain(`names its objects by ${after} now: try again`);
      const work = await world.clone("after");
      expect([formatOf(work), formatOf(world.mirror)]).toEqual([after, after]);
      await world.commit(work, "a", "a\n");
      await world.must(work, "push", "-q", "origin", "main");
      expect(world.refs(world.mirror)).toEqual(world.refs(world.upstream));
    } finally {
      await world.close();
    }
  });
});
