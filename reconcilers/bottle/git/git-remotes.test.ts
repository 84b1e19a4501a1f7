import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bottle, BottleSpec } from "../../../crds/bottle.ts";
import type { GitRemote } from "../../../crds/git-remote.ts";
import type { RemoteReport } from "../../../sidecars/wire/git-policy.ts";
import { BottleWorld } from "../../../tests/bottle-world.ts";
import { RUNNING } from "../../../tests/observed-builder.ts";
import { GIT_CONFIG_PATH } from "../../shared/agent-paths.ts";

const PRIVATE_KEY = "the-private-key";
const APP: GitRemote = {
  name: "app",
  url: "ssh://git@git.example.com/team/app.git",
  identity: { secretRef: { name: "git", key: "id" } },
  knownHost: "git.example.com ssh-ed25519 AAAA",
};
const DOCS: GitRemote = { name: "docs", url: "https://git.example.com/team/docs" };
const spec = (...remotes: GitRemote[]): BottleSpec => ({ git: { remotes } });
const READY: Omit<RemoteReport, "name"> = { state: "ready", message: "", branches: [] };
const CHECKING: Omit<RemoteReport, "name"> = { state: "checking", message: "asking", branches: [] };

let world: BottleWorld;
beforeEach(() => {
  world = new BottleWorld();
  world.secrets.set("git", { hosts: ["git.example.com:22"], key: "id", value: PRIVATE_KEY, version: "1" });
});
afterEach(() => world.end());

async function running(...remotes: GitRemote[]): Promise<Bottle> {
  const bottle = await world.apply(spec(...remotes));
  await world.converge();
  return bottle;
}
const enforced = (bottle: Bottle) => world.sandbox(bottle, "sidecars")?.sidecars?.configuration;
const statusOf = async () => (await world.get())?.status?.git;
const gateReady = () => world.condition("GitGateReady");

describe("a bottle with git remotes", () => {
  it("hands them and their secrets to the sidecars, and the key to nobody else", async () => {
    const bottle = await running(APP, DOCS);

    expect(enforced(bottle)?.git.remotes).toMatchObject([
      { name: "app", url: APP.url, secret: { name: "git", key: "id" }, push: { branches: ["**"] } },
      { name: "docs", transport: "https" },
    ]);
    expect(enforced(bottle)?.secrets).toMatchObject([
      { name: "git", key: "id", version: "1", value: PRIVATE_KEY, destinations: ["git.example.com:22"] },
    ]);
    const elsewhere = JSON.stringify([
      await world.get(),
      [...world.engine.sandboxes.values()].map((sandbox) => [sandbox.spec, [...sandbox.files]]),
      world.events,
      world.engine.calls,
    ]);
    expect(elsewhere).not.toContain(PRIVATE_KEY);
    expect(await gateReady()).toMatchObject({ status: "True", reason: "RemotesReady" });
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
  });

  it("says so when it has none, and has no word of git in its status", async () => {
    await running();

    expect(await gateReady()).toMatchObject({ status: "True", reason: "NoRemotes" });
    expect(await statusOf()).toBeUndefined();
  });

  it.each([
    { what: "bound to another port", hosts: ["git.example.com"], reason: "SecretNotBoundToHost" },
    { what: "bound to another host", hosts: ["evil.example:22"], reason: "SecretNotBoundToHost" },
    { what: "not there", hosts: undefined, reason: "SecretMissing" },
  ])("is not begun while the secret of one is $what", async ({ hosts, reason }) => {
    world.secrets.clear();
    if (hosts !== undefined) world.secrets.set("git", { hosts, key: "id", value: PRIVATE_KEY });
    await running(APP);

    expect(await world.condition("SecretsAvailable")).toMatchObject({
      status: "False",
      reason,
      message: expect.stringContaining("remote app") as string,
    });
    expect(world.engine.sandboxes.size).toBe(0);
  });

  it("takes the secret back when its owner binds it elsewhere", async () => {
    const bottle = await running(APP);
    world.secrets.set("git", { hosts: [], key: "id", value: PRIVATE_KEY, version: "1" });

    await world.pass();

    expect(enforced(bottle)?.secrets).toEqual([]);
    expect(await world.condition("Ready")).toMatchObject({ reason: "SecretNotBoundToHost" });
  });

  it("follows the spec without a new container: policy at once, then the agent's git", async () => {
    const bottle = await running(APP);
    const before = world.sandbox(bottle, "agent")?.id;
    expect(world.homeFile(bottle, GIT_CONFIG_PATH)).toContain('[url "http://git-gate:9420/app.git"]');

    await running(DOCS);

    expect(enforced(bottle)?.git.remotes).toMatchObject([{ name: "docs" }]);
    expect(world.homeFile(bottle, GIT_CONFIG_PATH)).toContain('[url "http://git-gate:9420/docs.git"]');
    expect(world.homeFile(bottle, GIT_CONFIG_PATH)).not.toContain("app.git");
    await running();
    expect(world.homeFile(bottle, GIT_CONFIG_PATH)).toBe("");
    expect(await statusOf()).toEqual({ remotes: [], deployKeys: [] });
    expect(world.sandbox(bottle, "agent")?.id).toBe(before);
  });
});

describe("what the gate reports", () => {
  const failed: Omit<RemoteReport, "name"> = {
    state: "failed",
    reason: "HostKeyMismatch",
    message: "the host showed another key\n\u001b[31m than the pinned one",
    branches: [],
  };

  it("never freezes the agent: a remote that cannot be used is a condition with its reason", async () => {
    world.engine.remoteReports.set("docs", failed);
    const bottle = await running(APP, DOCS);

    expect(await gateReady()).toMatchObject({
      status: "False",
      reason: "HostKeyMismatch",
      message: "remote docs: the host showed another key; ?[31m than the pinned one",
    });
    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "HostKeyMismatch" });
    expect(world.phases(bottle)).toEqual(RUNNING);
    expect((await statusOf())?.remotes).toMatchObject([
      { name: "app", url: APP.url, state: "ready" },
      { name: "docs", url: DOCS.url, state: "failed", reason: "HostKeyMismatch" },
    ]);
  });

  it("is asked for again soon while a remote is checked, and less often when that lasts", async () => {
    const bottle = await running(APP);
    world.engine.remoteReports.set("app", CHECKING);

    expect(await world.pass()).toMatchObject({ kind: "wait", afterMs: 250, reason: "Checking" });
    expect(await gateReady()).toMatchObject({ status: "Unknown", reason: "Checking" });
    expect(world.phases(bottle)).toEqual(RUNNING);
    world.advance(15_000);
    expect(await world.pass()).toMatchObject({ kind: "wait", afterMs: 1_000, reason: "Checking" });

    world.engine.remoteReports.set("app", READY);
    expect(await world.pass()).toMatchObject({ kind: "wait", afterMs: 5_000, reason: "Watching" });
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
  });

  it("is Unknown while the sidecars are silent", async () => {
    await running(APP);
    world.engine.sidecarsAreSilent = true;

    await world.pass();

    expect(await gateReady()).toMatchObject({ status: "Unknown", reason: "NotObserved" });
    world.engine.sidecarsAreSilent = false;
    await world.converge();
  });

  describe("in status", () => {
    const at = (seconds: number): string =>
      new Date(Date.parse("2026-01-01T00:00:00Z") + seconds * 1_000).toISOString();
    const push = { time: at(5), outcome: "rejected", refs: ["refs/heads/main"], message: "a key" } as const;
    const versionOf = async () => (await world.get())?.metadata.resourceVersion;
    const report = (fields: Partial<RemoteReport>): void =>
      void world.engine.remoteReports.set("app", { ...READY, refreshTime: at(0), ...fields });

    beforeEach(async () => {
      report({});
      await running(APP);
    });

    it("writes nothing for a refresh alone, but once a minute", async () => {
      const before = await versionOf();

      report({ refreshTime: at(59) });
      await world.pass();
      expect(await versionOf()).toBe(before);
      report({ refreshTime: at(60) });
      await world.pass();

      expect((await statusOf())?.remotes).toMatchObject([{ refreshTime: at(60) }]);
    });

    it("writes a push at once, with the refresh of that moment", async () => {
      const branches = [{ name: "main", ahead: 1, behind: 0 }];
      report({ refreshTime: at(6), lastPush: { ...push, refs: [...push.refs] }, branches });

      await world.pass();

      expect((await statusOf())?.remotes).toEqual([
        { name: "app", url: APP.url, state: "ready", refreshTime: at(6), lastPush: push, branches },
      ]);
    });

    it("keeps what the agent may have written short and plain", async () => {
      const refs = Array.from({ length: 100 }, (_, index) => `refs/heads/\u202e${"x".repeat(1_000)}${index}`);
      const branches = refs.map((name) => ({ name, ahead: 0, behind: 0 }));
      report({ lastPush: { ...push, refs, message: "y".repeat(100_000) }, branches });

      await world.pass();

      const [remote] = (await statusOf())?.remotes ?? [];
      expect(JSON.stringify(remote).length).toBeLessThan(50_000);
      expect(JSON.stringify(remote)).not.toContain("\u202e");
      expect(remote?.lastPush?.refs).toHaveLength(16);
      expect(remote?.branches).toHaveLength(64);
    });

    it("says nothing of remotes while the bottle is suspended, and keeps the mirrors", async () => {
      const bottle = await world.apply({ ...spec(APP), operatingMode: "Suspended" });
      await world.converge();

      expect((await statusOf())?.remotes).toEqual([]);
      expect(await gateReady()).toBeUndefined();
      expect(world.volumes(bottle)).toEqual(["home", "mirrors"]);
    });
  });
});
