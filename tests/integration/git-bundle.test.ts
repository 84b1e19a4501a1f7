import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SecretValue } from "../../sidecars/wire/control.ts";
import { type GateMessage, MAX_GATE_LINE_BYTES } from "../../sidecars/wire/git-gate-channel.ts";
import type { RemotePolicy, RemoteReport } from "../../sidecars/wire/git-policy.ts";
import { BundleProcess } from "./git-bundle-kit.ts";
import { type GitWorld, processesWith, startGitWorld } from "./git-kit.ts";

let world: GitWorld;
let bundle: BundleProcess;

beforeEach(async () => {
  world = await startGitWorld({ stopped: true });
});
afterEach(async () => {
  await bundle.end();
  await world.close();
});

const remote = (fields: Partial<RemotePolicy> = {}): RemotePolicy => {
  const [declared] = world.options.remotes;
  if (declared === undefined) throw new Error("no remote");
  return { ...declared.policy, secret: { name: "forge", key: "ssh" }, ...fields };
};
const secret = (fields: Partial<SecretValue> = {}): SecretValue => ({
  ...{ name: "forge", key: "ssh", version: "1", value: world.sshd.privateKey },
  destinations: [`127.0.0.1:${world.sshd.port}`],
  ...fields,
});
const reports = async (): Promise<RemoteReport[]> => (await bundle.ask({ kind: "report" })).remotes;
const lsRemote = (url = world.url) => world.git(world.folder, "ls-remote", url);
const codes = (): string[] => bundle.audit.map(({ code }) => code);

describe("the bundle with git-gate", () => {
  it("asks for no process and says why there is none as long as no remote is declared", async () => {
    bundle = await BundleProcess.start(world);
    expect((await bundle.configure([], [])).remotes).toEqual([]);
    const { code, stderr } = await lsRemote();
    expect(code).not.toBe(0);
    expect(stderr).toContain("remote error: git-gate: no git remote is declared for this bottle");
    expect(bundle.asked).toEqual([]);
  });

  it("starts it with the first remote, passes git on and records what the gate tells, numbered", async () => {
    bundle = await BundleProcess.start(world);
    const { remotes } = await bundle.configure([remote()], [secret()]);
    expect(remotes).toMatchObject([{ name: "app", state: "checking" }]);
    await expect.poll(reports).toMatchObject([{ name: "app", state: "ready" }]);
    const work = await world.clone("work");
    await world.commit(work, "a", "a\n");
    await world.must(work, "push", "-q", "origin", "HEAD:topic");

    await expect.poll(reports).toMatchObject([
      {
        state: "ready",
        refreshTime: expect.any(String),
        lastPush: { outcome: "accepted", refs: ["refs/heads/topic"] },
        branches: [{ name: "topic", ahead: 1, behind: 0 }],
      },
    ]);
    const records = bundle.audit.filter(({ method }) => method !== undefined);
    expect(records.at(-1)).toMatchObject({
      ...{ gate: "git", verdict: "allow", code: "Pushed", method: "push", route: "app" },
      ...{ host: "127.0.0.1", port: world.sshd.port, refs: ["refs/heads/topic"] },
    });
    // the pack, its commands and their head
    expect(records.at(-1)?.requestBytes).toBeGreaterThan(300);
    expect(records.map(({ code }) => code)).toContain("Fetched");
    expect(bundle.audit.map(({ sequence }) => sequence)).toEqual(bundle.audit.map((_, index) => index + 1));
    expect(JSON.stringify(bundle.audit)).not.toContain(world.sshd.privateKey.split("\n")[2]);
  });

  it("records a push that is refused, with the rule and nothing of the secret", async () => {
    bundle = await BundleProcess.start(world);
    await bundle.configure([remote()], [secret()]);
    await expect.poll(reports).toMatchObject([{ state: "ready" }]);
    const work = await world.clone("work");
    await world.commit(work, "a", "key=AKIAQ7ZK3M7XW2LTNB4V\n");
    expect((await world.git(work, "push", "-q", "origin", "HEAD:main")).code).not.toBe(0);

    await expect.poll(codes).toContain("PushRefused");
    const record = bundle.audit.find(({ code }) => code === "PushRefused");
    expect(record).toMatchObject({ verdict: "deny", method: "push", rule: "aws-access-key-id" });
    await expect.poll(reports).toMatchObject([{ state: "ready", lastPush: { outcome: "rejected" } }]);
    expect(JSON.stringify(bundle.audit)).not.toContain("AKIAQ7ZK");
  });

  it("refuses a push of what was planted in the agent's home, as long as that is planted", async () => {
    const canary = "Wq7Lm2Zt9Xv4Rb8Ny3Kc6Hd5";
    bundle = await BundleProcess.start(world);
    await bundle.configure([remote()], [secret()], [canary]);
    await expect.poll(reports).toMatchObject([{ state: "ready" }]);
    const work = await world.clone("work");
    await world.commit(work, "a", `${Buffer.from(canary).toString("base64")}\n`);
    expect((await world.git(work, "push", "-q", "origin", "HEAD:main")).code).not.toBe(0);
    await expect.poll(() => bundle.audit.at(-1)).toMatchObject({ verdict: "deny", rule: "canary" });
    expect(JSON.stringify(bundle.audit)).not.toContain(canary);

    await bundle.configure([remote()], [secret()]);
    await world.must(work, "push", "-q", "origin", "HEAD:main");
  });

  it("has each remote's own failure, and serves the others", async () => {
    bundle = await BundleProcess.start(world);
    const unbound = secret({ key: "unbound", destinations: ["git.example.com:22"] });
    const remotes = [
      remote(),
      remote({ name: "unbound", secret: { name: "forge", key: "unbound" } }),
      remote({ name: "missing", secret: { name: "forge", key: "missing" } }),
      remote({ name: "other-host-key", knownHost: world.sshd.knownHost.replace("AAAAC3", "AAAAC4") }),
    ];
    await bundle.configure(remotes, [secret(), unbound]);
    await expect.poll(reports).toMatchObject([
      { name: "app", state: "ready" },
      {
        ...{ name: "unbound", state: "failed", reason: "IdentityUnusable" },
        message: `the owner of the secret forge/unbound did not bind it to 127.0.0.1:${world.sshd.port}`,
      },
      { name: "missing", state: "failed", reason: "IdentityUnusable" },
      { name: "other-host-key", state: "failed" },
    ]);
    expect((await lsRemote()).code).toBe(0);
    const { stderr } = await lsRemote(world.url.replace("app.git", "unbound.git"));
    expect(stderr).toContain("IdentityUnusable: the owner of the secret forge/unbound did not bind it to");
  });

  it("asks again by itself for what could not be used, and says meanwhile what is wrong", async () => {
    bundle = await BundleProcess.start(world);
    const broken = secret({ key: "broken", value: "no key" });
    await bundle.configure(
      [remote(), remote({ name: "broken", secret: { name: "forge", key: "broken" } })],
      [secret(), broken],
    );
    await expect.poll(reports).toMatchObject([{ state: "ready" }, { reason: "IdentityUnusable" }]);
    await world.sshd.stop();
    expect((await lsRemote()).stderr).toContain("UpstreamUnreachable: upstream did not answer");
    await expect.poll(reports).toMatchObject([{ reason: "UpstreamUnreachable" }, { state: "failed" }]);

    await world.sshd.start();

    const seen = new Set<string>();
    const states = async (): Promise<string[]> => {
      const all = (await reports()).map(({ state }) => state);
      seen.add(all[1] ?? "");
      return all;
    };
    await expect.poll(states, { timeout: 30_000 }).toEqual(["ready", "failed"]);
    expect([...seen]).toEqual(["failed"]);
  });

  it("starts it again when it is killed, says so meanwhile, and keeps egress as it is", async () => {
    bundle = await BundleProcess.start(world);
    await bundle.configure([remote()], [secret()]);
    await expect.poll(reports).toMatchObject([{ state: "ready" }]);
    bundle.gate?.kill("SIGKILL");
    await expect.poll(reports).toMatchObject([{ state: "failed", reason: "GateNotRunning" }]);
    expect((await bundle.ask({ kind: "report" })).policyHash).toBe("hash");
    await expect.poll(reports).toMatchObject([{ state: "ready" }]);
    expect((await lsRemote()).code).toBe(0);
    expect(bundle.asked).toEqual(["start", "start"]);
    expect(codes()).toContain("GateStopped");
  });

  it("ends it when it is wiped, with its keys, and when the last remote goes", async () => {
    bundle = await BundleProcess.start(world);
    await bundle.configure([remote()], [secret()]);
    await expect.poll(reports).toMatchObject([{ state: "ready" }]);
    await bundle.ask({ kind: "wipe" });
    expect(await reports()).toEqual([]);
    await expect.poll(() => bundle.asked).toEqual(["start", "stop"]);
    // ssh-agent ends by itself within ten seconds where no entry ends all that the gate's user runs
    await expect.poll(() => processesWith(bundle.gateFolder).length).toBeLessThan(2);
    expect((await lsRemote()).stderr).toContain("no git remote is declared");

    await bundle.configure([remote()], [secret()]);
    await expect.poll(reports).toMatchObject([{ state: "ready" }]);
    expect((await bundle.configure([], [])).remotes).toEqual([]);
    await expect.poll(() => bundle.asked.at(-1)).toBe("stop");
  });
});

describe("a git-gate that somebody took over", () => {
  let server: Server;
  let gate: Socket;

  /** Takes the gate's place, and answers to what it is told as if it served. */
  async function takeOver(): Promise<void> {
    bundle = await BundleProcess.start(world, { startsGates: false });
    server = createServer().listen(join(world.folder, "run", "control.sock"));
    const connected = once(server, "connection");
    await bundle.configure([remote()], [secret()]);
    [gate] = (await connected) as [Socket];
    gate.on("error", () => undefined).resume();
  }
  const tell = (message: GateMessage | object): void => void gate.write(`${JSON.stringify(message)}\n`);
  const record = (fields: object): object => ({
    kind: "audit",
    record: { gate: "git", verdict: "allow", code: "Fetched", because: "x", ...fields },
  });
  const report = (name: string): RemoteReport => ({ name, state: "ready", message: "fine", branches: [] });
  afterEach(() => void server.close());

  it("cannot write records of egress, nor more of them or longer ones than it may", async () => {
    await takeOver();
    tell(record({ gate: "egress", code: "Forged" }));
    tell(record({ because: "y".repeat(100_000) }));
    tell(record({ code: "AfterTheLongOne" }));
    await expect.poll(codes).toContain("AfterTheLongOne");
    expect(bundle.audit.find(({ code }) => code === "Forged")?.gate).toBe("git");
    expect(codes()).toContain("RecordsDropped");
    for (let sent = 0; sent < 5_000; sent += 1) tell(record({ code: "Flood" }));
    tell({ kind: "reports", generation: 1, remotes: [report("app")] });
    await expect.poll(reports).toMatchObject([{ state: "ready" }]);
    expect(codes().filter((code) => code === "Flood").length).toBeLessThan(3_500);
  });

  it("reports of no remote but those that are configured, and of no other configuration", async () => {
    await takeOver();
    tell({ kind: "reports", generation: 1, remotes: [report("app"), report("stranger")] });
    await expect.poll(reports).toEqual([report("app")]);
    await bundle.configure([remote({ knownHost: `${world.sshd.knownHost} changed` })], [secret()]);
    tell({ kind: "reports", generation: 1, remotes: [report("app")] });
    tell(record({ code: "AfterTheOldOne" }));
    await expect.poll(codes).toContain("AfterTheOldOne");
    expect(await reports()).toMatchObject([{ state: "checking" }]);
  });

  it.each([
    ["what is no message", `{"kind":"own","everything":true}\n`],
    ["what is no JSON", "hello\n"],
  ])("loses its connection when it says %s", async (_what, line) => {
    await takeOver();
    const closed = once(gate, "close");
    gate.write(line);
    await closed;
    await expect.poll(codes).toContain("GateStopped");
    expect((await bundle.ask({ kind: "report" })).policyHash).toBe("hash");
  });

  it("is not held in memory when it says more than a line may be", async () => {
    await takeOver();
    gate.write(`${"x".repeat(MAX_GATE_LINE_BYTES + 1)}\n`);
    tell(record({ code: "AfterTheLongLine" }));
    await expect.poll(codes).toContain("AfterTheLongLine");
  });
});
