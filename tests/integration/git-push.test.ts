import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { InspectPush, PushFinding } from "../../sidecars/git-gate/contract.ts";
import { type GitWorld, setHook, startGitWorld } from "./git-kit.ts";

let world: GitWorld;
let work: string;
/** what the gate is told about pushes */
let findings: readonly PushFinding[] = [];
let inspect: InspectPush;
const clean: InspectPush = () => Promise.resolve({ kind: "clean" });

beforeAll(async () => {
  const inspectPush: InspectPush = (request, signal) => inspect(request, signal);
  world = await startGitWorld({ inspectPush, policy: { allowPushOptions: true } });
  execFileSync("git", ["-C", world.upstream, "config", "receive.advertisePushOptions", "true"]);
  work = await world.clone("work");
});
afterAll(() => world.close());
beforeEach(async () => {
  inspect = clean;
  rmSync(join(world.upstream, "hooks"), { recursive: true, force: true });
  await world.must(work, "fetch", "-q", "--prune");
  await world.must(work, "checkout", "-q", "-B", "main", "origin/main");
});

const upstreamRefs = (): Record<string, string> => world.refs(world.upstream);

/** Upstream and mirror are at the same refs. */
function expectAgreement(): void {
  expect(world.refs(world.mirror)).toEqual(upstreamRefs());
}

function has(repository: string, id: string): boolean {
  try {
    execFileSync("git", ["-C", repository, "cat-file", "-e", id], { stdio: "ignore" });
    return true;
  } catch {
    // it has no such object
    return false;
  }
}

describe("a push that is clean", () => {
  it("arrives upstream and in the mirror", async () => {
    const id = await world.commit(work, "a.txt", "a\n");
    const pushed = await world.git(work, "push", "origin", "main");
    expect(pushed.code).toBe(0);
    expect(upstreamRefs()["refs/heads/main"]).toBe(id);
    expectAgreement();
  });

  it("is shown to the inspection whole, with what upstream has and no more", async () => {
    const before = upstreamRefs();
    const id = await world.commit(work, "b.txt", "b\n");
    await world.must(work, "push", "-q", "-o", "word", "origin", "main", "main:refs/heads/second");
    const asked = world.inspected.at(-1);
    expect(asked?.updates).toEqual([
      { ref: "refs/heads/main", from: before["refs/heads/main"], to: id },
      { ref: "refs/heads/second", from: "0".repeat(40), to: id },
    ]);
    expect(asked?.pushOptions).toEqual(["word"]);
    expect([...(asked?.confirmed ?? [])].sort()).toEqual([...new Set(Object.values(before))].sort());
    expect(asked?.environment["GIT_OBJECT_DIRECTORY"]).toContain("tmp_objdir");
  });

  it("makes, rewinds and deletes branches and tags", async () => {
    await world.must(work, "checkout", "-q", "-b", "topic");
    const first = await world.commit(work, "c.txt", "c\n");
    await world.must(work, "tag", "light");
    await world.must(work, "tag", "-a", "-m", "heavy", "heavy");
    await world.must(work, "push", "-q", "origin", "topic", "light", "heavy");
    expect(upstreamRefs()).toMatchObject({ "refs/heads/topic": first, "refs/tags/light": first });
    expectAgreement();
    await world.must(work, "reset", "-q", "--hard", "HEAD~1");
    const other = await world.commit(work, "c.txt", "other\n");
    const refused = await world.git(work, "push", "origin", "topic");
    expect(refused.stderr).toContain("non-fast-forward");
    await world.must(work, "push", "-q", "--force-with-lease", "origin", "topic");
    expect(upstreamRefs()["refs/heads/topic"]).toBe(other);
    expectAgreement();
    await world.must(work, "push", "-q", "origin", ":topic", ":refs/tags/light", ":heavy");
    expect(Object.keys(upstreamRefs()).filter((ref) => /topic|light|heavy/.test(ref))).toEqual([]);
    expectAgreement();
  });

  it("of 30 branches at once is one push to upstream", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `many-${index}`);
    await world.commit(work, "many.txt", "many\n");
    const pushes = join(world.folder, "pushes");
    setHook(world.upstream, "pre-receive", `echo one >> ${pushes}`);
    await world.must(work, "push", "-q", "origin", ...names.map((name) => `main:refs/heads/${name}`));
    expect(readFileSync(pushes, "utf8")).toBe("one\n");
    expectAgreement();
    await world.must(work, "push", "-q", "origin", ...names.map((name) => `:${name}`));
    expectAgreement();
  });

  it("comes from a shallow clone, and is the first of an empty upstream", async () => {
    const shallow = await world.clone("shallow", "--depth=1");
    const id = await world.commit(shallow, "d.txt", "d\n");
    await world.must(shallow, "push", "-q", "origin", "main");
    expect(upstreamRefs()["refs/heads/main"]).toBe(id);
    const empty = await startGitWorld({ empty: true });
    onTestFinished(() => empty.close());
    const first = await empty.clone("first");
    const root = await empty.commit(first, "README", "new\n");
    await empty.must(first, "push", "-q", "origin", "main");
    expect(empty.refs(empty.upstream)).toEqual({ "refs/heads/main": root });
  });
});

describe("a push that the inspection refuses", () => {
  beforeEach(() => {
    findings = [
      { rule: "aws-key", where: "key.txt:1", shape: "AKIA****", whatToDo: "remove it from the commit" },
    ];
  });

  it.each([
    [
      "has findings",
      () => Promise.resolve({ kind: "refused" as const, findings }),
      /aws-key: key\.txt:1: AKIA\*{4}/,
    ],
    ["fails", () => Promise.reject(new Error("broken")), /the push could not be judged/],
  ])("reaches neither upstream nor the mirror when it %s", async (_, verdict, words) => {
    inspect = verdict;
    const before = upstreamRefs();
    const id = await world.commit(work, "key.txt", "AKIA\n");
    const pushed = await world.git(work, "push", "origin", "main", "main:other");
    expect(pushed.code).toBe(1);
    expect(pushed.stderr).toMatch(words);
    expect(pushed.stderr).toContain("[remote rejected] main -> main (pre-receive hook declined)");
    expect(upstreamRefs()).toEqual(before);
    expectAgreement();
    expect([has(world.upstream, id), has(world.mirror, id)]).toEqual([false, false]);
    expect(JSON.stringify(pushed)).not.toContain("broken");
  });
});

describe("what upstream refuses", () => {
  it("is refused to the client in upstream's own words, with nothing of it in the mirror", async () => {
    setHook(world.upstream, "pre-receive", `printf 'main is \\033[31mprotected\\n' >&2; exit 1`);
    const id = await world.commit(work, "e.txt", "e\n");
    const pushed = await world.git(work, "push", "origin", "main");
    expect(pushed.code).toBe(1);
    expect(pushed.stderr).toContain("remote: main is ?[31mprotected");
    expect(pushed.stderr).toContain("upstream refused refs/heads/main: pre-receive hook declined");
    expect(has(world.mirror, id)).toBe(false);
    expectAgreement();
  });

  it("of two refs is one, and the other arrives, as git does it", async () => {
    setHook(world.upstream, "update", `[ "$1" != refs/heads/locked ] || { echo it is locked >&2; exit 1; }`);
    const id = await world.commit(work, "f.txt", "f\n");
    const pushed = await world.git(work, "push", "--porcelain", "origin", "main", "main:locked");
    expect(pushed.code).toBe(1);
    expect(pushed.stderr).toContain("remote: it is locked");
    expect(pushed.stdout).toMatch(/^ \trefs\/heads\/main:refs\/heads\/main\t/m);
    expect(pushed.stdout).toContain(
      "!\trefs/heads/main:refs/heads/locked\t[remote rejected] (hook declined)",
    );
    expect(upstreamRefs()["refs/heads/main"]).toBe(id);
    expectAgreement();
  });

  it("of an atomic push is all of it", async () => {
    setHook(world.upstream, "update", `[ "$1" != refs/heads/locked ]`);
    const before = upstreamRefs();
    await world.commit(work, "g.txt", "g\n");
    const pushed = await world.git(work, "push", "--atomic", "origin", "main", "main:locked");
    expect(pushed.code).toBe(1);
    expect(upstreamRefs()).toEqual(before);
    expectAgreement();
  });

  it("is what moved there in the meantime: nobody's commit is lost", async () => {
    const seed = join(world.folder, "seed");
    const theirs = Promise.withResolvers<string>();
    inspect = async (request, signal) => {
      await world.must(seed, "fetch", "-q", world.upstream, "main");
      await world.must(seed, "reset", "-q", "--hard", "FETCH_HEAD");
      const id = await world.commit(seed, "theirs.txt", `${world.inspected.length}\n`);
      await world.must(seed, "push", "-q", world.upstream, "HEAD:main");
      theirs.resolve(id);
      return clean(request, signal);
    };
    await world.commit(work, "ours.txt", "ours\n");
    const pushed = await world.git(work, "push", "--force", "origin", "main");
    expect(pushed.code).toBe(1);
    expect(pushed.stderr).toContain("upstream refused refs/heads/main: stale info");
    expect(upstreamRefs()["refs/heads/main"]).toBe(await theirs.promise);
    await world.must(work, "fetch", "-q");
    expectAgreement();
  });
});

describe("the gate's own limits on refs and sizes", () => {
  it.each(["refs/notes/commits", "refs/replace/x", "refs/for/main", "refs/x"])(
    "have no place for %s",
    async (ref) => {
      const asked = world.inspected.length;
      const pushed = await world.git(work, "push", "origin", `main:${ref}`);
      expect(pushed.code).toBe(1);
      expect(pushed.stderr).toContain("[remote rejected]");
      expect(world.inspected.length).toBe(asked);
      expect(upstreamRefs()).not.toHaveProperty([ref]);
    },
  );

  it("end a push that is larger than the policy says", async () => {
    const small = await startGitWorld({ policy: { maxInflatedBytes: 10_000 } });
    onTestFinished(() => small.close());
    const clone = await small.clone("clone");
    await small.commit(
      clone,
      "noise",
      execFileSync("head", ["-c", "20000", "/dev/urandom"]).toString("base64"),
    );
    const pushed = await small.git(clone, "push", "origin", "main");
    expect(pushed.code).not.toBe(0);
    expect(pushed.stderr).toContain("exceeds maximum allowed size");
    expect(small.inspected).toEqual([]);
  });

  it("refuse a tree with .git in it before it is inspected", async () => {
    const blob = Buffer.from(await world.must(work, "rev-parse", "main:README"), "hex");
    const input = Buffer.concat([Buffer.from("100644 .git\0"), blob]);
    const hash = ["-C", work, "hash-object", "-t", "tree", "-w", "--literally", "--stdin"];
    const tree = execFileSync("git", hash, { input, encoding: "utf8" }).trim();
    const commit = await world.must(work, "commit-tree", "-m", "bad", "-p", "main", tree);
    const asked = world.inspected.length;
    const pushed = await world.git(work, "push", "origin", `${commit}:refs/heads/bad`);
    expect(pushed.code).toBe(1);
    expect(world.inspected.length).toBe(asked);
    expect(upstreamRefs()).not.toHaveProperty(["refs/heads/bad"]);
  });

  it("let a client push objects only with refs that are judged", async () => {
    const hidden = await world.commit(work, "hidden.txt", "hidden\n");
    inspect = () => Promise.resolve({ kind: "refused", findings });
    await world.git(work, "push", "origin", "main");
    inspect = clean;
    expect(has(world.mirror, hidden)).toBe(false);
    await world.must(work, "push", "-q", "origin", "main");
    expect(world.inspected.at(-1)?.confirmed).not.toContain(hidden);
  });
});
