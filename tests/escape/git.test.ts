import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docker } from "../contract/docker-machine.ts";
import { processesIn } from "./container-processes.ts";
import { GitLab } from "./git-lab.ts";

/** What the agent gets at through git-gate's port, and where the key of a remote is. */

let git: GitLab;

beforeAll(async () => {
  git = await GitLab.start();
}, 900_000);
afterAll(() => git.end());

describe("the gate's port", () => {
  const commit =
    "git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m change && git push -q origin HEAD:main";

  it("serves git to the agent, and upstream gets what it pushes", async () => {
    const cloned = await git.agent(
      `rm -rf /tmp/work && git clone -q http://git-gate:9420/app.git /tmp/work && cd /tmp/work && ${commit}`,
    );
    expect(cloned).toMatchObject({ exitCode: 0 });
    const heads = execFileSync("git", ["-C", git.upstream.repository, "for-each-ref", "--format=%(refname)"]);
    expect(heads.toString().trim()).toBe("refs/heads/main");
    await expect
      .poll(() => git.remote())
      .toMatchObject({
        lastPush: { outcome: "accepted", refs: ["refs/heads/main"] },
        branches: [{ name: "main" }],
      });
  });

  const request = (method: string, path: string, body = ""): [number, string] => [
    9420,
    `${method} ${path} HTTP/1.1\r\nHost: git-gate\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  ];
  const info = "info/refs?service=git-upload-pack";

  it.each([
    `/other.git/${info}`,
    `/../app.git/${info}`,
    `/app.git/../../etc/passwd`,
    `/%2e%2e/app.git/${info}`,
    `/app.git/%2e%2e/hooks/pre-receive`,
    `//app.git/${info}`,
    "/app.git/HEAD",
    "/app.git/objects/info/packs",
    "/app.git/config",
    "/hooks/pre-receive",
    "/hook.sock",
    `http://app.git/${info}`,
  ])("names nothing at %s", async (path) => {
    const [answer = ""] = (await git.bottle.attack("speak", [request("GET", path)])) as string[];
    expect(answer).toMatch(/^HTTP\/1\.1 40[345] /);
    expect(answer).not.toContain("ref: refs/heads");
  });

  it("answers in HTTP alone, whatever is said to it, and goes on", async () => {
    const line = JSON.stringify({ kind: "configure", generation: 9, git: { remotes: [] }, secrets: [] });
    const attempts = [
      [9420, `${line}\n`],
      [9420, "0032git-upload-pack /app.git\0host=git-gate\0"],
      [9420, "SSH-2.0-OpenSSH_10.0\r\n"],
      [9420, '{"hook":"pre-receive","nonce":"","commands":[],"pushOptions":[],"quarantine":{}}\n'],
      request("POST", "/app.git/git-receive-pack", "0000"),
      request("CONNECT", "upstream.example:22"),
    ];
    const answers = (await git.bottle.attack("speak", attempts)) as string[];
    // some are cut off without a word
    for (const answer of answers) expect(answer).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/);
    expect((await git.agent("git ls-remote http://git-gate:9420/app.git")).exitCode).toBe(0);
  });
});

describe("the key of a remote", () => {
  const lineOfKey = (): string => git.upstream.sshd.privateKey.split("\n")[2] ?? "";

  it("is in no file of the sidecars, no environment, no argv and no log", async () => {
    const { pid } = await git.processOf("git-gate.cjs");
    expect(filesWith(lineOfKey(), pid)).toEqual([]);
    // what is there is found
    const [, , hostKey = ""] = git.upstream.sshd.knownHost.split(" ");
    expect(filesWith(hostKey, pid)).toEqual([expect.stringMatching(/run\/git-gate\/.*known_hosts$/)]);
    for (const each of await git.processes()) {
      expect(each.argv.join(" ") + each.environment).not.toContain(lineOfKey());
    }
    const log = await docker.getContainer(git.bottle.name("sidecars")).logs({ stdout: true, stderr: true });
    expect(log.toString()).not.toContain(lineOfKey());
  });

  it("is nowhere in the agent, and no mirror either", async () => {
    const processes = await processesIn(git.bottle.name("agent"));
    const pid = processes[0]?.pid ?? 0;
    expect(filesWith(lineOfKey(), pid)).toEqual([]);
    for (const each of processes) {
      expect(each.argv.join(" ") + each.environment).not.toContain(lineOfKey());
    }
    expect(readFileSync(`/proc/${pid}/mountinfo`, "utf8")).not.toMatch(/git-gate|mirrors/);
    expect((await git.agent("ssh-add -l")).exitCode).not.toBe(0);
    expect((await git.agent("ls /run/git-gate /var/lib/git-gate/hooks")).exitCode).not.toBe(0);
  });
});

/** Files that hold `text` in what a process has for a root, mounts included. */
function filesWith(text: string, pid: number): string[] {
  const root = `/proc/${pid}/root`;
  const folders = readdirSync(root).filter((name) => !["proc", "sys", "dev"].includes(name));
  const paths = folders.map((name) => `${root}/${name}`);
  // what is looked for is given on stdin, so that no argv of this machine has it
  const argv = ["-rlsF", "--devices=skip", "-f", "-", ...paths];
  const { stdout } = spawnSync("grep", argv, { input: text, timeout: 60_000, encoding: "utf8" });
  return stdout.split("\n").filter((line) => line !== "");
}
