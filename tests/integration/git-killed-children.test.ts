import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startGate } from "./git-gates.ts";
import { type GateChild, gateChildren, startGateChild } from "./git-gate-child.ts";
import { type Ended, type GitWorld, processesWith, setHook, startGitWorld } from "./git-kit.ts";

/** What takes part in a push, by its argv. */
const CHILDREN = {
  "git http-backend": /git-http-backend\0/,
  "git receive-pack": /receive-pack\0--stateless-rpc\0/,
  "pre-receive": /\/hooks\/pre-receive\0/,
  "git push": /\0push\0--porcelain\0/,
  "its ssh": /^ssh\0.*git-receive-pack/,
  "the login": /\0-M\0/,
  "ssh-agent": /^ssh-agent\0/,
};
type Child = keyof typeof CHILDREN;
const HERE: readonly Child[] = ["git http-backend", "git receive-pack", "pre-receive"];
const THERE: readonly Child[] = [...HERE, "git push", "its ssh", "the login", "ssh-agent"];

let world: GitWorld;
let gate: GateChild;
let work: string;
/** upstream's refs before the push, and after the whole of it */
let [nothing, all]: Record<string, string>[] = [{}, {}];
let [began, goOn] = ["", ""];

beforeEach(async () => {
  world = await startGitWorld({ stopped: true });
  [began, goOn] = [join(world.folder, "began"), join(world.folder, "go-on")];
  execFileSync("mkfifo", [goOn]);
});
afterEach(async () => {
  await gate.kill();
  await world.close();
});

/** Begins a push of two branches. */
async function beginPush(mode: "hold" | "pass"): Promise<{ readonly ended: Promise<Ended> }> {
  gate = await startGateChild(world, mode);
  work = await world.clone("work");
  nothing = world.refs(world.upstream);
  const id = await world.commit(work, "a", "a\n");
  all = { "refs/heads/main": id, "refs/heads/second": id };
  return { ended: world.git(work, "push", "origin", "main", "main:second") };
}

/** Ends a child, or the gate itself, as nothing can be kept from. */
async function kill(victim: Child | "the gate"): Promise<void> {
  if (victim === "the gate") return gate.kill();
  const pids = gateChildren(world, CHILDREN[victim]);
  expect(pids, victim).not.toEqual([]);
  for (const pid of pids) process.kill(pid, "SIGKILL");
}

/** Whoever comes next finds a gate that agrees with upstream, and can push. */
async function expectRecovery(victim: string): Promise<void> {
  if (victim === "the gate") {
    await expect.poll(() => processesWith(world.gateFolder)).toEqual([]);
    rmSync(world.socket, { force: true });
    world.gate = await startGate(world.options, world.socket);
  }
  await world.must(work, "fetch", "-q");
  await expect.poll(() => world.refs(world.mirror)).toEqual(world.refs(world.upstream));
  execFileSync("git", ["-C", world.mirror, "fsck", "--full"], { stdio: "ignore" });
}

describe("killed while a push is judged, nothing of it is anywhere", () => {
  it.each([...HERE, "the gate"] as const)("%s", async (victim) => {
    const pushed = await beginPush("hold");
    await expect.poll(() => gate.lines).toContain("judging");
    await kill(victim);
    // by itself: what has to be ended has no code
    expect((await pushed.ended).code).toBeGreaterThan(0);
    expect(world.refs(world.upstream)).toEqual(nothing);
    expect(world.refs(world.mirror)).toEqual(nothing);
    await expectRecovery(victim);
  });
});

describe.each([
  ["pre-receive", "before it takes it"],
  ["post-receive", "after it took it"],
])("killed while a push is in upstream's %s, %s, upstream has all or nothing", (hook) => {
  it.each([...THERE, "the gate"] as const)("%s", async (victim) => {
    setHook(world.upstream, hook, `touch ${began}; cat ${goOn} > /dev/null`);
    const pushed = await beginPush("pass");
    await expect.poll(() => existsSync(began)).toBe(true);
    await kill(victim);
    writeFileSync(goOn, "");
    const { code } = await pushed.ended;
    expect(code).toBeGreaterThanOrEqual(0);
    await expect.poll(() => processesWith(world.upstream).filter(isUpstreams)).toEqual([]);
    const after = world.refs(world.upstream);
    expect([nothing, all]).toContainEqual(after);
    if (code === 0 || hook === "post-receive") expect(after).toEqual(all);
    rmSync(join(world.upstream, "hooks"), { recursive: true });
    await expectRecovery(victim);
    await world.commit(work, "b", "b\n");
    await world.must(work, "push", "-q", "--force", "origin", "main");
    await expect.poll(() => world.refs(world.mirror)).toEqual(world.refs(world.upstream));
  });
});

/** Whether a process is upstream's own, not one of the gate's that has its URL. */
const isUpstreams = (pid: number): boolean => !processesWith(world.gateFolder).includes(pid);
