import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { untilReady } from "./docker-kit.ts";
import { BOTTLE, type GitBottle, startGitBottle } from "./git-kit.ts";

/** Shaped like an AWS key id. */
const KEY = ["AKIA", "Q7ZK3M7XW2LTNB4V"].join("");

const OTHER = ["-c", "user.name=Other", "-c", "user.email=other@example.com"];

let world: GitBottle;
beforeAll(async () => {
  world = await startGitBottle();
  await world.must(`git clone -q ${world.url} app`);
});
afterAll(() => world.end());

/** A commit on top of what upstream has. */
const commit = (file: string, text: string, branch = "main"): string =>
  `cd app && git fetch -q && git checkout -q -B ${branch} origin/main && ` +
  `echo '${text}' > ${file} && git add . && git commit -qm "Add ${file}"`;

describe("git in a bottle, as the agent's user", () => {
  it("says that its gate is ready", async () => {
    expect(await world.condition("GitGateReady")).toMatch(/^True /);
    const { stdout } = await world.machine.bb(["git", "status", BOTTLE]);
    expect(stdout).toContain(world.url);
  });

  it("clones by every spelling of the remote, and holds it under its own name", async () => {
    expect(await world.must("git -C app remote get-url --push origin")).toBe(
      "http://git-gate:9420/app.git\n",
    );
    const bare = world.url.replace(/\.git$/, "");
    expect(await world.must(`git ls-remote ${bare} refs/heads/main | cut -c41-`)).toBe("\trefs/heads/main\n");
  });

  it("commits as the author that the bottle names, and pushes to upstream", async () => {
    await world.must(`${commit("a.txt", "one")} && git push -q origin main`);
    expect(await world.git("log", "-1", "--format=%an %ae %s", "main")).toBe(
      "Coder coder@example.com Add a.txt",
    );
  });

  it("fetches and pulls what somebody else pushed in the meantime", async () => {
    const tree = await world.git("rev-parse", "main^{tree}");
    const other = await world.git(...OTHER, "commit-tree", tree, "-p", "main", "-m", "More");
    await world.git("update-ref", "refs/heads/main", other);
    expect(await world.must("cd app && git pull -q && git rev-parse HEAD")).toBe(`${other}\n`);
  });

  it("is told what a scan found and where, and upstream holds no object with it", async () => {
    const { code, stderr } = await world.sh(`${commit("key.txt", KEY, "leak")} && git push origin leak`);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/git-gate: the push is refused, and nothing of it went to upstream/);
    expect(stderr).toMatch(/path key\.txt, line 1/);
    expect(stderr).not.toContain(KEY);
    expect((await world.look()).objects).not.toContain(KEY);
    const { stdout } = await world.machine.bb(["logs", BOTTLE, "--git"]);
    expect(stdout).toMatch(/deny.*push.*app/);
    expect(stdout).not.toContain(KEY);
    await expect
      .poll(async () => (await world.machine.bb(["events", "--for", `bottle/${BOTTLE}`])).stdout)
      .toMatch(/Warning +PushRefused/);
  });

  it("may not force, delete or tag unless the bottle says so, and then may", async () => {
    await world.must(`${commit("b.txt", "two", "work")} && git push -q origin work && git tag v1`);
    const asks = ["push -f origin HEAD~1:work", "push origin :work", "push origin v1"];
    for (const ask of asks) expect((await world.sh(`cd app && git ${ask}`)).code).not.toBe(0);
    await world.apply({ push: { allowForce: true, allowDelete: true, allowTags: true } });
    await expect.poll(async () => (await world.sh("cd app && git push -q origin v1")).code).toBe(0);
    expect(await world.git("tag")).toBe("v1");
    await world.must("cd app && git push -q -f origin HEAD~1:work && git push -q origin :work");
    expect(await world.git("for-each-ref", "--format=%(refname)")).not.toContain("work");
    await world.apply();
  });

  it("keeps an atomic push atomic, and hears upstream in its own words", async () => {
    await world.must(`${commit("c.txt", "three", "one")} && git branch -f two`);
    await world.git("config", "receive.denyCurrentBranch", "ignore");
    await world.upstream.run(
      [
        "sh",
        "-c",
        `printf '#!/bin/sh\\n[ "$1" != refs/heads/two ] || { echo no two here; exit 1; }\\n' > /home/node/app.git/hooks/update; chmod +x /home/node/app.git/hooks/update`,
      ],
      AbortSignal.timeout(10_000),
    );
    const { code, stderr } = await world.sh("cd app && git push --atomic origin one two");
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining("no two here")]);
    expect(await world.git("for-each-ref", "--format=%(refname)", "refs/heads")).toBe("refs/heads/main");
    await world.upstream.run(["rm", "/home/node/app.git/hooks/update"], AbortSignal.timeout(10_000));
  });

  it("clones shallow and in part", async () => {
    await world.must(
      `git clone -q --depth 1 ${world.url} shallow && git clone -q --filter=blob:none ${world.url} part`,
    );
    expect(await world.must("git -C shallow rev-list --count HEAD")).toBe("1\n");
    expect(await world.must("git -C part config remote.origin.partialclonefilter")).toBe("blob:none\n");
    expect(await world.must("cat part/README.md")).toBe("The upstream of the demonstration.\n");
  });
});

describe("the private key", () => {
  it("is in no file, environment or memory that the agent can read, and in no ssh-agent", async () => {
    const [line = ""] = world.privateKey.split("\n").slice(2);
    const half = [line.slice(0, 20), line.slice(20, 40)];
    const search = `
import os, re
needle = b"${half[0]}" + b"${half[1]}"
seen, hits = 0, []
for root in ("/home", "/etc", "/tmp", "/run", "/var", "/root"):
    for folder, _, files in os.walk(root):
        for name in files:
            path = os.path.join(folder, name)
            try:
                with open(path, "rb") as file:
                    seen += 1
                    if needle in file.read(): hits.append(path)
            except OSError: pass
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) == os.getpid(): continue
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            if needle in file.read(): hits.append(pid)
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
            for low, high in re.findall(r"^(\\w+)-(\\w+) r", maps.read(), re.M):
                try:
                    memory.seek(int(low, 16))
                    seen += 1
                    if needle in memory.read(int(high, 16) - int(low, 16)): hits.append(pid)
                except (OSError, ValueError, OverflowError): pass
    except OSError: pass
print(seen > 100, hits)
`;
    expect(await world.must(`python3 - <<'EOF'\n${search}\nEOF`)).toBe("True []\n");
    expect(await world.must('echo "[$SSH_AUTH_SOCK]"; find / -type s 2>/dev/null | wc -l')).toBe("[]\n0\n");
  });
});

describe("a gate that is changed or killed while the agent works", () => {
  const agent = async (): Promise<string> =>
    (await world.machine.containers()).find((line) => line.startsWith("agent")) ?? "";
  const gitWorks = (): Promise<void> =>
    expect
      .poll(async () => (await world.sh(`git ls-remote ${world.url} refs/heads/main`)).code, {
        timeout: 60_000,
      })
      .toBe(0);

  it("serves a remote that was added once its key is there, and not one that is gone, and leaves the agent alone", async () => {
    const before = await agent();
    const late = { name: "late-key", key: "id_ed25519" };
    const url = world.url.replace(/[^/]*$/, "again.git");
    await world.git("clone", "-q", "--bare", ".", "/home/node/again.git");
    const second = { name: "again", url, identity: { secretRef: late }, knownHost: world.knownHost };
    await world.apply({}, [second]);
    await expect.poll(() => world.condition("SecretsAvailable")).toBe("False SecretMissing");
    await gitWorks();

    await world.giveKey(late);
    const ask = `git ls-remote ${url} refs/heads/main`;
    await expect.poll(async () => (await world.sh(ask)).code, { timeout: 20_000 }).toBe(0);
    await untilReady(world.machine.bb, BOTTLE);

    await world.apply();
    const askGate = "git ls-remote http://git-gate:9420/again.git";
    await expect.poll(async () => (await world.sh(askGate)).stderr).toMatch(/no remote is declared as again/);
    const rewrites = "git config --get-regexp insteadof";
    await expect.poll(() => world.must(rewrites), { timeout: 20_000 }).not.toContain("again.git");
    expect(await world.must(rewrites)).toContain("app.git");
    expect(await agent()).toBe(before);
  });

  it("says which host key is wrong, and is ready again when it is right", async () => {
    const wrong = world.knownHost.replace(
      /ssh-ed25519 .*/,
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFR6ggJlCrechzTP5BabABnOfIGTB53dBeV8/rDynj4X",
    );
    await world.apply({ knownHost: wrong });
    await expect.poll(() => world.condition("GitGateReady")).toBe("False HostKeyMismatch");
    const { code, stderr } = await world.sh(`git ls-remote ${world.url}`);
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining("HostKeyMismatch")]);
    await world.apply();
    await expect.poll(() => world.condition("GitGateReady")).toMatch(/^True /);
    await gitWorks();
  });

  it("comes back when its process is killed", async () => {
    const [, sidecars = ""] = (await world.machine.containers())
      .find((line) => line.startsWith("sidecars"))!
      .split(" ");
    const kill =
      "for p in /proc/[0-9]*; do case $(stat -c %u $p 2>/dev/null) in 64002) kill -9 ${p#/proc/};; esac; done";
    await world.machine.docker("exec", "--user", "64002", sidecars, "sh", "-c", kill);
    await gitWorks();
  });

  it("comes back with its keys when the sidecars are killed", async () => {
    const [, sidecars = ""] = (await world.machine.containers())
      .find((line) => line.startsWith("sidecars"))!
      .split(" ");
    await world.machine.docker("kill", "--signal", "KILL", sidecars);
    await untilReady(world.machine.bb, BOTTLE);
    await gitWorks();
  });

  it("works again after suspend and resume", async () => {
    expect(await world.machine.bb(["stop", BOTTLE])).toMatchObject({ code: 0 });
    expect(await world.machine.bb(["resume", BOTTLE])).toMatchObject({ code: 0 });
    await untilReady(world.machine.bb, BOTTLE);
    await gitWorks();
    await world.must(`${commit("d.txt", "four", "after")} && git push -q origin after`);
    expect((await world.git("log", "-1", "--format=%s", "after")).trim()).toBe("Add d.txt");
  });
});
