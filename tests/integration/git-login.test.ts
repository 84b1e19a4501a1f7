import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type GitWorld, processesWith, setHook, startGitWorld } from "./git-kit.ts";

let world: GitWorld;
afterEach(() => world.close());

const list = (): Promise<string> => world.must(world.folder, "ls-remote", world.url);

/** The processes that hold a login to upstream. */
const logins = (): number[] =>
  processesWith(join(world.gateFolder, "run")).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("\0-M\0"),
  );

describe("a login to upstream", () => {
  it("serves clone, fetch and push together", async () => {
    world = await startGitWorld();
    const work = await world.clone("work");
    await world.commit(work, "a", "a\n");
    await world.must(work, "push", "-q", "origin", "main");
    await world.must(work, "fetch", "-q");
    expect(world.refs(world.mirror)).toEqual(world.refs(world.upstream));
    expect(world.sshd.logins()).toBe(1);
  });

  it("ends when nobody uses it, and is made again", async () => {
    world = await startGitWorld({ limits: { idleMs: 200 } });
    await list();
    await expect.poll(() => world.sshd.sessions()).toEqual([]);
    await list();
    expect(world.sshd.logins()).toBe(2);
  });

  it("stays while somebody uses it", async () => {
    world = await startGitWorld({ limits: { idleMs: 200 } });
    const work = await world.clone("work");
    const [began, goOn] = [join(world.folder, "began"), join(world.folder, "go-on")];
    await world.commit(work, "a", "a\n");
    setHook(world.upstream, "pre-receive", `mkfifo ${goOn}; touch ${began}; timeout 1 cat ${goOn}; exit 0`);
    expect(await world.git(work, "push", "origin", "main")).toMatchObject({ code: 0 });
    expect(existsSync(began)).toBe(true);
  });

  it("is checked against the pinned host key each time", async () => {
    world = await startGitWorld();
    await list();
    await world.sshd.stop();
    world.sshd.changeHostKey();
    await world.sshd.start();
    const ended = await world.git(world.folder, "ls-remote", world.url);
    expect(ended.stderr).toContain("remote error: git-gate: HostKeyMismatch");
    expect(world.sshd.logins()).toBe(1);
  });

  it("that died is made again, whoever ended it", async () => {
    world = await startGitWorld();
    await world.clone("work");
    for (const pid of world.sshd.sessions()) process.kill(pid, "SIGKILL");
    await list();
    for (const pid of logins()) process.kill(pid, "SIGKILL");
    await list();
    expect(world.sshd.logins()).toBe(3);
  });

  it("whose server went silent holds nobody up for longer than the limit", async () => {
    world = await startGitWorld({ limits: { listTimeoutMs: 1_500 } });
    await list();
    const silent = world.sshd.sessions();
    for (const pid of silent) process.kill(pid, "SIGSTOP");
    const began = performance.now();
    const ended = await world.git(world.folder, "ls-remote", world.url);
    expect(ended.stderr).toContain("UpstreamUnreachable: upstream did not answer (time limit)");
    // ssh itself finds out after 15 s
    expect(performance.now() - began).toBeLessThan(10_000);
    await list();
    for (const pid of silent) process.kill(pid, "SIGKILL");
  });

  it("leaves no process and no socket when the gate closes", async () => {
    world = await startGitWorld();
    await list();
    expect(logins()).toHaveLength(1);
    await world.gate?.close();
    expect(processesWith(world.gateFolder)).toEqual([]);
    await expect.poll(() => world.sshd.sessions()).toEqual([]);
  });
});

describe("an ssh-agent that crashed", () => {
  it("is started again with its key", async () => {
    world = await startGitWorld({ limits: { idleMs: 100 } });
    await list();
    await expect.poll(() => world.sshd.sessions()).toEqual([]);
    for (const pid of processesWith(join(world.gateFolder, "run"))) process.kill(pid, "SIGKILL");
    await list();
    expect(world.sshd.logins()).toBe(2);
  });
});

describe("a refresh that takes long", () => {
  // since version 2 a client is told how far it is
  it("is not waited for in silence, and goes on for who asks again", async () => {
    world = await startGitWorld({ limits: { patienceMs: 1_500 } });
    await list();
    const silent = world.sshd.sessions();
    for (const pid of silent) process.kill(pid, "SIGSTOP");
    const ended = await world.git(world.folder, "-c", "protocol.version=1", "ls-remote", world.url);
    for (const pid of silent) process.kill(pid, "SIGCONT");
    expect(ended.stderr).toContain("the gate is still fetching from upstream, and goes on: try again");
    await list();
    expect(world.sshd.logins()).toBe(1);
  });
});
