import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runExec } from "../../local-runtime/docker/engine-exec.ts";
import type { RemoteReport } from "../../sidecars/wire/git-policy.ts";
import { connection, docker } from "../contract/docker-machine.ts";
import { type ContainerProcess, processesIn } from "./container-processes.ts";
import { attackArgv, EscapeLab } from "./escape-bottle.ts";
import type { EscapeBottle } from "./escape-bottle.ts";
import { type GitUpstream, startGitUpstream } from "./git-upstream.ts";

/** git-gate beside the bundle in the sidecars' container, and the agent before it. */

const BUNDLE = 64_001;
const GATE = 64_002;
const NO_CAPABILITIES = "0000000000000000";
const CHANGE_USER = "00000000000000c0";
const SETS = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] as const;

const lab = new EscapeLab();
let bottle: EscapeBottle;
let upstream: GitUpstream;

beforeAll(async () => {
  await lab.begin();
  bottle = await lab.startBottle();
  const { IPAM } = await docker.getNetwork(lab.uplink).inspect();
  upstream = await startGitUpstream(IPAM?.Config?.[0]?.["Gateway"] ?? "");
  await bottle.configure({ git: { remotes: [upstream.remote] }, secrets: [upstream.secret] });
  await untilReady(AbortSignal.timeout(30_000));
}, 900_000);
afterAll(async () => {
  await upstream.close();
  await lab.end();
});

async function remoteState(): Promise<RemoteReport | undefined> {
  const { remotes } = await bottle.session.ask({ kind: "report" }, AbortSignal.timeout(5_000));
  return remotes[0];
}

async function untilReady(signal: AbortSignal): Promise<void> {
  for (let state = await remoteState(); state?.state !== "ready"; state = await remoteState()) {
    if (signal.aborted) throw new Error(`the remote does not get ready: ${JSON.stringify(state)}`);
    await delay(50);
  }
}

const sidecarsProcesses = (): Promise<readonly ContainerProcess[]> => processesIn(bottle.name("sidecars"));

async function processOf(program: string): Promise<ContainerProcess> {
  const all = await sidecarsProcesses();
  const found = all.find(
    ({ argv }) => argv.some((word) => word.endsWith(program)) && argv[0] !== "/sbin/docker-init",
  );
  if (found === undefined) throw new Error(`no process runs ${program}`);
  return found;
}

/** Runs a command in the sidecars as a user of its own. */
async function as(user: string, argv: readonly string[]): Promise<string> {
  const container = docker.getContainer(bottle.name("sidecars"));
  const options = { Cmd: [...argv], User: user, AttachStdout: true, AttachStderr: true, Tty: true };
  const exec = await container.exec(options);
  const stream = await exec.start({ hijack: true, stdin: false, Tty: true });
  let output = "";
  for await (const chunk of stream) output += String(chunk);
  return output.trim();
}

const agent = async (script: string): Promise<{ exitCode: number; output: string }> =>
  bottle.output("agent", ["sh", "-c", script]);

describe("the processes of the sidecars", () => {
  it.each([
    ["sidecars.cjs", BUNDLE, String(GATE)],
    ["git-gate.cjs", GATE, ""],
    ["ssh-agent", GATE, ""],
  ])("%s has a user of its own, no capability, and can gain none", async (program, uid, groups) => {
    const { status } = await processOf(program);
    expect(status["Uid"]).toBe([uid, uid, uid, uid].join("\t"));
    expect(status["Gid"]).toBe([uid, uid, uid, uid].join("\t"));
    expect(status["Groups"]?.trim()).toBe(groups);
    expect(status).toMatchObject({ NoNewPrivs: "1", Seccomp: "2" });
    expect(SETS.map((set) => status[set])).toEqual(SETS.map(() => NO_CAPABILITIES));
  });

  it("only the entry is root's, and can change its user and nothing else", async () => {
    const { pid, status } = await processOf("/opt/bot-bottle/entry");
    const init = (await sidecarsProcesses()).find(({ innerPid }) => innerPid === 1);
    expect(status).toMatchObject({ CapPrm: CHANGE_USER, CapEff: CHANGE_USER, CapBnd: NO_CAPABILITIES });
    expect(status).toMatchObject({ NoNewPrivs: "1", Seccomp: "2" });
    const roots = (await sidecarsProcesses()).filter((each) => each.status["Uid"]?.startsWith("0\t"));
    expect(roots.map((each) => each.pid).toSorted()).toEqual([pid, init?.pid].toSorted());
  });

  it("the control channel and the way to the entry are the bundle's alone", async () => {
    const bundle = await processOf("sidecars.cjs");
    const [answers, requests, asks] = [3, 4, 5].map((number) => bundle.descriptors.get(number));
    expect([answers, requests]).toEqual([expect.stringMatching(/^pipe:/), expect.stringMatching(/^pipe:/)]);
    expect(asks).toMatch(/asks \(deleted\)$/);
    const gates = (await sidecarsProcesses()).filter(({ status }) => status["Uid"]?.startsWith(`${GATE}\t`));
    expect(gates.length).toBeGreaterThan(1);
    // its stderr is the audit
    const theirs = [answers, requests, asks, bundle.descriptors.get(2)];
    for (const { descriptors } of gates) {
      for (const descriptor of descriptors.values()) expect(theirs).not.toContain(descriptor);
    }
  });

  /** Guarded by the two users, by node's mode 0711 and by the modes of the folders of the sockets. */
  it("neither user reads, signals or reaches what is the other's", async () => {
    const [bundle, gate] = [await processOf("sidecars.cjs"), await processOf("git-gate.cjs")];
    const agentProcess = await processOf("ssh-agent");
    const root = `/proc/${gate.pid}/root`;
    const sockets = readdirSync(`${root}/run/git-gate`, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isSocket())
      .map(({ parentPath, name }) => `${parentPath.slice(root.length)}/${name}`);
    expect(sockets.length).toBeGreaterThan(2);
    const linkSockets = ["egress", "git-gate", "supervise"].map((name) => `/run/bb/${name}.sock`);

    const gatesPids = [gate.innerPid, agentProcess.innerPid];
    const byBundle = await as(`${BUNDLE}:${GATE}`, attackArgv("neighbour", gatesPids, sockets));
    expect(JSON.parse(byBundle)).toEqual(["/run/git-gate/http.sock"]);
    const byGate = await as(`${GATE}:${GATE}`, attackArgv("neighbour", [bundle.innerPid, 1], linkSockets));
    expect(JSON.parse(byGate)).toEqual([]);
  });

  it("USR1 opens no inspector in either", async () => {
    for (const [program, user] of [
      ["sidecars.cjs", BUNDLE],
      ["git-gate.cjs", GATE],
    ] as const) {
      const { innerPid, pid } = await processOf(program);
      await as(`${user}:${user}`, ["kill", "-USR1", String(innerPid)]);
      await as(`${user}:${user}`, ["sleep", "0.3"]);
      const { output } = await runExec(
        connection,
        bottle.name("sidecars"),
        ["cat", "/proc/net/tcp"],
        AbortSignal.timeout(5_000),
      );
      expect(output).not.toMatch(/:240D 0{8}:0{4} 0A/);
      expect((await processOf(program)).pid).toBe(pid);
    }
  });

  it("leaves no child of the gate behind as a zombie", async () => {
    await agent("git ls-remote http://git-gate:9420/app.git; git ls-remote http://git-gate:9420/app.git");
    await expect
      .poll(async () => (await sidecarsProcesses()).filter(({ status }) => status["State"]?.startsWith("Z")))
      .toEqual([]);
  });
});

describe("the key of a remote", () => {
  const lineOfKey = (): string => upstream.sshd.privateKey.split("\n")[2] ?? "";

  it("is in no file of the sidecars, no environment, no argv and no log", async () => {
    const { pid } = await processOf("git-gate.cjs");
    const where = ["/proc/sys", "/proc", "/sys", "/dev"].map(
      (path) => `--exclude-dir=/proc/${pid}/root${path}`,
    );
    const root = `/proc/${pid}/root`;
    const folders = readdirSync(root).filter((name) => !["proc", "sys", "dev"].includes(name));
    const found = grep(lineOfKey(), [...where, ...folders.map((name) => `${root}/${name}`)]);
    expect(found).toBe("");
    for (const each of await sidecarsProcesses()) {
      expect(each.argv.join(" ") + each.environment).not.toContain(lineOfKey());
    }
    const log = await docker.getContainer(bottle.name("sidecars")).logs({ stdout: true, stderr: true });
    expect(log.toString()).not.toContain(lineOfKey());
  });

  it("is nowhere in the agent, and no mirror either", async () => {
    const [anyProcess] = await processesIn(bottle.name("agent"));
    const root = `/proc/${anyProcess?.pid}/root`;
    const folders = readdirSync(root).filter((name) => !["proc", "sys", "dev"].includes(name));
    expect(
      grep(
        lineOfKey(),
        folders.map((name) => `${root}/${name}`),
      ),
    ).toBe("");
    for (const each of await processesIn(bottle.name("agent"))) {
      expect(each.argv.join(" ") + each.environment).not.toContain(lineOfKey());
    }
    const mounts = readFileSync(`/proc/${anyProcess?.pid}/mountinfo`, "utf8");
    expect(mounts).not.toMatch(/git-gate|mirrors/);
    expect((await agent("ssh-add -l; ls /run/git-gate /var/lib/git-gate")).exitCode).not.toBe(0);
  });
});

/** Files that hold `text`; what is grepped for is given on stdin, so that no argv of this machine has it. */
function grep(text: string, args: readonly string[]): string {
  const argv = ["-rlsF", "--devices=skip", "-f", "-", ...args];
  try {
    return execFileSync("grep", argv, { input: text, timeout: 60_000 }).toString();
  } catch (error) {
    if ((error as { status?: number }).status === 1 || (error as { status?: number }).status === 2) return "";
    throw error;
  }
}

describe("the gate's port", () => {
  const commit =
    "git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m change && git push -q origin HEAD:main";

  it("serves git to the agent, and upstream gets what it pushes", async () => {
    const cloned = await agent(
      `rm -rf /tmp/work && git clone -q http://git-gate:9420/app.git /tmp/work && cd /tmp/work && ${commit}`,
    );
    expect(cloned).toMatchObject({ exitCode: 0 });
    const heads = execFileSync("git", ["-C", upstream.repository, "for-each-ref", "--format=%(refname)"]);
    expect(heads.toString().trim()).toBe("refs/heads/main");
    await expect.poll(remoteState).toMatchObject({
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
    const [answer = ""] = (await bottle.attack("speak", [request("GET", path)])) as string[];
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
    const answers = (await bottle.attack("speak", attempts)) as string[];
    // some are cut off without a word
    for (const answer of answers) expect(answer).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/);
    expect((await agent("git ls-remote http://git-gate:9420/app.git")).exitCode).toBe(0);
  });
});

describe("a gate that ends", () => {
  it("is started again, and the bundle goes on meanwhile", async () => {
    const [bundle, gate] = [await processOf("sidecars.cjs"), await processOf("git-gate.cjs")];
    process.kill(gate.pid, "SIGKILL");
    await expect.poll(async () => (await processOf("git-gate.cjs").catch(() => gate)).pid).not.toBe(gate.pid);
    await expect.poll(remoteState).toMatchObject({ state: "ready" });
    expect((await agent("git ls-remote http://git-gate:9420/app.git")).exitCode).toBe(0);
    expect((await processOf("sidecars.cjs")).pid).toBe(bundle.pid);
    const agents = (await sidecarsProcesses()).filter(({ argv }) => argv[0] === "ssh-agent");
    expect(agents).toHaveLength(1);
  });

  it("and whose bottle has no remote any more leaves no process and no key", async () => {
    await bottle.configure({});
    await expect
      .poll(async () =>
        (await sidecarsProcesses()).filter(({ status }) => status["Uid"]?.startsWith(String(GATE))),
      )
      .toEqual([]);
    const { output } = await agent("git ls-remote http://git-gate:9420/app.git");
    expect(output).toContain("no git remote is declared for this bottle");
  });
});
