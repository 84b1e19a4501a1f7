import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runExec } from "../../local-runtime/docker/engine-exec.ts";
import { connection } from "../contract/docker-machine.ts";
import { attackArgv } from "./escape-bottle.ts";
import { GitLab } from "./git-lab.ts";

/** Who is who in the sidecars' container: the entry, the bundle, git-gate and what git-gate starts. */

const BUNDLE = 64_001;
const GATE = 64_002;
const NO_CAPABILITIES = "0000000000000000";
const CHANGE_USER = "00000000000000c0";
const SETS = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] as const;

let git: GitLab;

beforeAll(async () => {
  git = await GitLab.start();
}, 900_000);
afterAll(() => git.end());

describe("the processes of the sidecars", () => {
  it.each([
    ["sidecars.cjs", BUNDLE, String(GATE)],
    ["git-gate.cjs", GATE, ""],
    ["ssh-agent", GATE, ""],
  ])("%s has a user of its own, no capability, and can gain none", async (program, uid, groups) => {
    const { status } = await git.processOf(program);
    expect(status["Uid"]).toBe([uid, uid, uid, uid].join("\t"));
    expect(status["Gid"]).toBe([uid, uid, uid, uid].join("\t"));
    expect(status["Groups"]?.trim()).toBe(groups);
    expect(status).toMatchObject({ NoNewPrivs: "1", Seccomp: "2" });
    expect(SETS.map((set) => status[set])).toEqual(SETS.map(() => NO_CAPABILITIES));
  });

  it("only the entry is root's, and can change its user and nothing else", async () => {
    const { pid, status } = await git.processOf("/opt/bot-bottle/entry");
    const init = (await git.processes()).find(({ innerPid }) => innerPid === 1);
    expect(status).toMatchObject({ CapPrm: CHANGE_USER, CapEff: CHANGE_USER, CapBnd: NO_CAPABILITIES });
    expect(status).toMatchObject({ NoNewPrivs: "1", Seccomp: "2" });
    const roots = (await git.processes()).filter((each) => each.status["Uid"]?.startsWith("0\t"));
    expect(roots.map((each) => each.pid).toSorted()).toEqual([pid, init?.pid].toSorted());
  });

  it("the control channel and the way to the entry are the bundle's alone", async () => {
    const bundle = await git.processOf("sidecars.cjs");
    const [answers, requests, asks] = [3, 4, 5].map((number) => bundle.descriptors.get(number));
    expect([answers, requests]).toEqual([expect.stringMatching(/^pipe:/), expect.stringMatching(/^pipe:/)]);
    expect(asks).toMatch(/asks \(deleted\)$/);
    const gates = (await git.processes()).filter(({ status }) => status["Uid"]?.startsWith(`${GATE}\t`));
    expect(gates.length).toBeGreaterThan(1);
    // its stderr is the audit
    const theirs = [answers, requests, asks, bundle.descriptors.get(2)];
    for (const { descriptors } of gates) {
      for (const descriptor of descriptors.values()) expect(theirs).not.toContain(descriptor);
    }
  });

  /** Guarded by the two users, by node's mode 0711 and by the modes of the folders of the sockets. */
  it("neither user reads, signals or reaches what is the other's", async () => {
    const [bundle, gate] = [await git.processOf("sidecars.cjs"), await git.processOf("git-gate.cjs")];
    const agentProcess = await git.processOf("ssh-agent");
    const root = `/proc/${gate.pid}/root`;
    const sockets = readdirSync(`${root}/run/git-gate`, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isSocket())
      .map(({ parentPath, name }) => `${parentPath.slice(root.length)}/${name}`);
    expect(sockets.length).toBeGreaterThan(2);
    const linkSockets = ["egress", "git-gate", "supervise"].map((name) => `/run/bb/${name}.sock`);

    const gatesPids = [gate.innerPid, agentProcess.innerPid];
    const byBundle = await git.as(`${BUNDLE}:${GATE}`, attackArgv("neighbour", gatesPids, sockets));
    expect(JSON.parse(byBundle)).toEqual(["/run/git-gate/http.sock"]);
    const byGate = await git.as(
      `${GATE}:${GATE}`,
      attackArgv("neighbour", [bundle.innerPid, 1], linkSockets),
    );
    expect(JSON.parse(byGate)).toEqual([]);
  });

  it("USR1 opens no inspector in either", async () => {
    for (const [program, user] of [
      ["sidecars.cjs", BUNDLE],
      ["git-gate.cjs", GATE],
    ] as const) {
      const { innerPid, pid } = await git.processOf(program);
      await git.as(`${user}:${user}`, ["kill", "-USR1", String(innerPid)]);
      await git.as(`${user}:${user}`, ["sleep", "0.3"]);
      const { output } = await runExec(
        connection,
        git.bottle.name("sidecars"),
        ["cat", "/proc/net/tcp"],
        AbortSignal.timeout(5_000),
      );
      expect(output).not.toMatch(/:240D 0{8}:0{4} 0A/);
      expect((await git.processOf(program)).pid).toBe(pid);
    }
  });

  it("the gate and what it starts write no core, and no file without end", async () => {
    for (const program of ["git-gate.cjs", "ssh-agent"]) {
      const limits = readFileSync(`/proc/${(await git.processOf(program)).pid}/limits`, "utf8");
      expect(limits).toMatch(/^Max core file size +0 +0 /m);
      expect(limits).toMatch(/^Max open files +4096 +4096 /m);
      expect(limits).toMatch(/^Max file size +17179869184 +17179869184 /m);
    }
  });

  it("are reaped when whoever started them is gone", async () => {
    const orphan = Number(await git.as(`${GATE}:${GATE}`, ["sh", "-c", "sleep 0.2 >/dev/null & echo $!"]));
    const isThere = async (): Promise<boolean> =>
      (await git.processes()).some(({ innerPid }) => innerPid === orphan);
    expect(orphan).toBeGreaterThan(1);
    await expect.poll(isThere).toBe(false);
  });

  it("leaves no child of the gate behind as a zombie", async () => {
    await git.agent("git ls-remote http://git-gate:9420/app.git; git ls-remote http://git-gate:9420/app.git");
    await expect
      .poll(async () => (await git.processes()).filter(({ status }) => status["State"]?.startsWith("Z")))
      .toEqual([]);
  });
});

describe("a gate that ends", () => {
  it("is started again, and the bundle goes on meanwhile", async () => {
    const [bundle, gate] = [await git.processOf("sidecars.cjs"), await git.processOf("git-gate.cjs")];
    process.kill(gate.pid, "SIGKILL");
    await expect
      .poll(async () => (await git.processOf("git-gate.cjs").catch(() => gate)).pid)
      .not.toBe(gate.pid);
    await expect.poll(() => git.remote()).toMatchObject({ state: "ready" });
    expect((await git.agent("git ls-remote http://git-gate:9420/app.git")).exitCode).toBe(0);
    expect((await git.processOf("sidecars.cjs")).pid).toBe(bundle.pid);
    const agents = (await git.processes()).filter(({ argv }) => argv[0] === "ssh-agent");
    expect(agents).toHaveLength(1);
  });

  it("and whose bottle has no remote any more leaves no process and no key", async () => {
    await git.bottle.configure({});
    await expect
      .poll(async () =>
        (await git.processes()).filter(({ status }) => status["Uid"]?.startsWith(String(GATE))),
      )
      .toEqual([]);
    const { output } = await git.agent("git ls-remote http://git-gate:9420/app.git");
    expect(output).toContain("no git remote is declared for this bottle");
  });
});
