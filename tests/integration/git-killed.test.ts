import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { globSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, describe } from "vitest";
import { type GateChild, startGateChild } from "./git-gate-child.ts";
import { startGate } from "./git-gates.ts";
import { type GitWorld, processesWith, setHook, startGitWorld } from "./git-kit.ts";

let world: GitWorld;
let gate: GateChild;

beforeEach(async () => {
  world = await startGitWorld({ stopped: true });
});
afterEach(async () => {
  await gate.kill();
  await world.close();
});

/** The mirror after a new gate's first fetch is at what upstream has. */
async function expectAgreement(): Promise<void> {
  rmSync(world.socket, { force: true });
  const next = await startGate(world.options, world.socket);
  await world.must(world.folder, "ls-remote", world.url);
  await expect.poll(() => world.refs(world.mirror)).toEqual(world.refs(world.upstream));
  execFileSync("git", ["-C", world.mirror, "fsck", "--full"], { stdio: "ignore" });
  expect(globSync("**/tmp_objdir*", { cwd: world.mirror })).toEqual([]);
  await next.close();
}

describe("a gate that is killed", () => {
  it("while it judges a push leaves nothing of it anywhere, and no key behind", async () => {
    gate = await startGateChild(world, "hold");
    const before = world.refs(world.upstream);
    const work = await world.clone("work");
    await world.commit(work, "a", "a\n");
    const pushed = world.git(work, "push", "origin", "main");
    await expect.poll(() => gate.lines).toContain("judging");
    await gate.kill();
    expect((await pushed).code).not.toBe(0);
    expect(world.refs(world.upstream)).toEqual(before);
    expect(world.refs(world.mirror)).toEqual(before);
    await expectAgreement();
    await expect.poll(() => processesWith(world.gateFolder)).toEqual([]);
  });

  it("while upstream takes a push leaves all or nothing of it", async () => {
    gate = await startGateChild(world, "pass");
    const work = await world.clone("work");
    const [began, goOn] = [join(world.folder, "began"), join(world.folder, "go-on")];
    execFileSync("mkfifo", [goOn]);
    setHook(world.upstream, "pre-receive", `touch ${began}; cat ${goOn}`);
    const before = world.refs(world.upstream);
    const first = await world.commit(work, "a", "a\n");
    const pushed = world.git(work, "push", "origin", "main", "main:second");
    await expect.poll(() => existsSync(began)).toBe(true);
    await gate.kill();
    expect((await pushed).code).not.toBe(0);
    expect(world.refs(world.mirror)).toEqual(before);
    writeFileSync(goOn, "");
    await expect.poll(() => processesWith(world.gateFolder)).toEqual([]);
    await expect.poll(() => processesWith(world.upstream)).toEqual([]);
    const after = world.refs(world.upstream);
    expect([before, { "refs/heads/main": first, "refs/heads/second": first }]).toContainEqual(after);
    await expectAgreement();
  });
});

describe("the private key", () => {
  it("is on no disk of the gate, in no child's environment or argv, and in no child of a push", async () => {
    gate = await startGateChild(world, "hold");
    const work = await world.clone("work");
    await world.commit(work, "a", "a\n");
    const pushed = world.git(work, "push", "origin", "main");
    await expect.poll(() => gate.lines).toContain("judging");
    const secret = world.sshd.privateKey.split("\n")[2] ?? "";
    expect(secret.length).toBeGreaterThan(60);
    // git, its hook and the rest are there
    expect(processesWith(world.gateFolder).length).toBeGreaterThan(3);
    expect(processesWith(secret)).toEqual([]);
    const files = globSync("**/*", { cwd: world.gateFolder }).map((name) => join(world.gateFolder, name));
    const ours = files.filter((file) => statSync(file).isFile());
    expect(ours.length).toBeGreaterThan(5);
    expect(ours.filter((file) => readFileSync(file, "latin1").includes(secret))).toEqual([]);
    await gate.kill();
    await pushed;
    await expect.poll(() => processesWith(world.gateFolder)).toEqual([]);
  });
});
