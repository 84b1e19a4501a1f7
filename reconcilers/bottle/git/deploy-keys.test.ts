import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bottle } from "../../../crds/bottle.ts";
import type { GitRemote } from "../../../crds/git-remote.ts";
import { APP, giveToken, spec } from "../../../tests/deploy-key-kit.ts";
import { BottleWorld } from "../../../tests/bottle-world.ts";
import { RUNNING } from "../../../tests/observed-builder.ts";

let world: BottleWorld;
beforeEach(() => {
  world = new BottleWorld();
  giveToken(world);
});
afterEach(() => world.end());

async function running(...remotes: GitRemote[]): Promise<Bottle> {
  const bottle = await world.apply(spec(...remotes));
  await world.converge();
  return bottle;
}
const secretsOf = (bottle: Bottle) => world.sandbox(bottle, "sidecars")?.sidecars?.configuration?.secrets;
const noted = async () => (await world.get())?.status?.git?.deployKeys;
const gateReady = () => world.condition("GitGateReady");

describe("a remote with a deploy key", () => {
  it("has its key with the sidecars, bound to the remote's host, and the token stays here", async () => {
    const bottle = await running(APP);

    const [key] = world.forge.keysOf("team/app");
    expect(secretsOf(bottle)).toMatchObject([
      {
        name: "bot-bottle.dev/deploy-key",
        key: "app",
        version: key?.version,
        value: `private half of ${key?.version}`,
        destinations: ["git.example.com:2222"],
      },
    ]);
    expect(key).toMatchObject({ readOnly: false });
    const seen = JSON.stringify([
      await world.get(),
      world.events,
      [...world.engine.sandboxes.values()].map(({ spec: of }) => of),
    ]);
    expect(seen).not.toContain("private half");
    expect(JSON.stringify(world.sandbox(bottle, "sidecars")?.sidecars?.configuration)).not.toContain(
      world.forge.token,
    );
    expect(await gateReady()).toMatchObject({ status: "True" });
  });

  it("is noted in status before the key is made", async () => {
    let notedBefore: unknown;
    world.onMoment = (moment) => {
      if (moment === "before a key is made") notedBefore ??= world.stored()?.status?.git?.deployKeys;
    };
    await running(APP);

    expect(notedBefore).toEqual([
      {
        remote: "app",
        forgeUrl: "https://git.example.com",
        repository: "team/app",
        secretRef: { name: "forge", key: "token" },
      },
    ]);
  });

  it.each([
    { push: { branches: [] }, readOnly: true },
    { push: { branches: [], allowTags: true }, readOnly: false },
    { push: { branches: ["main"] }, readOnly: false },
  ])("may write only when the remote may be pushed to: $push", async ({ push, readOnly }) => {
    await running({ ...APP, push });

    expect(world.forge.keysOf("team/app")).toMatchObject([{ readOnly }]);
  });

  it("is DeployKeyFailed while the forge is down; the rest works, and it mends itself", async () => {
    world.forge.isDown = true;
    const bottle = await running(APP);
    expect(await gateReady()).toMatchObject({
      status: "False",
      reason: "DeployKeyFailed",
      message: "remote app: the forge does not answer",
    });
    expect(world.phases(bottle)).toEqual(RUNNING);

    world.forge.isDown = false;
    for (let count = 0; count < 3; count += 1) await world.pass();

    expect(await gateReady()).toMatchObject({ status: "True" });
  });

  it("sends no token to a forge that its owner did not name", async () => {
    giveToken(world, ["git.example.com:2222"]);
    await running(APP);

    expect(await world.condition("SecretsAvailable")).toMatchObject({ reason: "SecretNotBoundToHost" });
    expect(world.forge.keys).toEqual([]);
  });

  it("goes on with the key that the sidecars hold when a restarted controller cannot reach the forge", async () => {
    const bottle = await running(APP);
    const before = secretsOf(bottle);
    world.forge.isDown = true;
    world.restart();

    await world.converge();

    expect(secretsOf(bottle)).toEqual(before);
    expect(await gateReady()).toMatchObject({ status: "True" });
    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("has one key still after a restart of the controller", async () => {
    const bottle = await running(APP);
    const [before] = world.forge.keys;
    world.restart();
    await world.converge();
    await world.pass();

    expect(world.forge.keys).toHaveLength(1);
    expect(world.forge.keys).not.toContainEqual(before);
    expect(secretsOf(bottle)).toMatchObject([{ version: world.forge.keys[0]?.version }]);
  });

  it("has a key made anew that somebody removed at the forge", async () => {
    const bottle = await running(APP);
    world.forge.keys = [];
    const refused = { state: "failed", reason: "AuthenticationFailed", message: "no", branches: [] } as const;
    world.engine.remoteReports.set("app", { ...refused, branches: [] });
    for (let count = 0; count < 4; count += 1) await world.pass();

    expect(world.forge.keys).toHaveLength(1);
    expect(secretsOf(bottle)).toMatchObject([{ version: world.forge.keys[0]?.version }]);
  });
});

describe("a deploy key that is not needed any more", () => {
  it("is removed when its remote leaves the spec", async () => {
    await running(APP);
    await running();

    expect(world.forge.keys).toEqual([]);
    expect(await noted()).toEqual([]);
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
  });

  it("is removed when the remote goes to another repository, which gets its own", async () => {
    await running(APP);
    await running({ ...APP, url: "ssh://git@git.example.com:2222/team/other.git" });

    expect(world.forge.keys).toMatchObject([{ repository: "team/other" }]);
    expect(await noted()).toMatchObject([{ repository: "team/other" }]);
  });

  it("is spoken of until it is removed, tried again after a pause, and in nobody's way", async () => {
    const bottle = await running(APP);
    world.forge.isDown = true;
    await running();
    expect(await gateReady()).toMatchObject({
      status: "False",
      reason: "DeployKeyFailed",
      message:
        "the deploy key of remote app in team/app at https://git.example.com could not be removed: the forge does not answer",
    });
    expect(world.phases(bottle)).toEqual(RUNNING);

    world.forge.isDown = false;
    await world.pass();
    expect(world.forge.keys).toHaveLength(1);
    world.advance(30_000);
    await world.converge();

    expect(world.forge.keys).toEqual([]);
    expect(await gateReady()).toMatchObject({ status: "True" });
  });

  it("makes no pass fail: the bottle is watched as often as ever", async () => {
    await running(APP);
    world.forge.isDown = true;
    await world.apply(spec());

    for (let count = 0; count < 4; count += 1) expect(await world.pass()).toMatchObject({ kind: "wait" });
    expect(await world.pass()).toMatchObject({ afterMs: 5_000, reason: "Watching" });
  });

  it("is kept while the bottle is suspended", async () => {
    await running(APP);
    await world.apply({ ...spec(APP), operatingMode: "Suspended" });
    await world.converge();

    expect(world.forge.keys).toHaveLength(1);
    expect(await noted()).toHaveLength(1);
  });

  it("is not forgotten while the bottle's class is missing", async () => {
    await running(APP);
    await world.apply({ ...spec(APP), classRef: { name: "gone" } });
    await world.converge();
    expect(await noted()).toHaveLength(1);

    await world.delete();
    await world.converge();

    expect(world.forge.keys).toEqual([]);
  });
});

describe("the end of a bottle with a deploy key", () => {
  it("removes the key, after the sidecars that used it and before the finalizer goes", async () => {
    const bottle = await running(APP);
    const moments: string[] = [];
    world.onMoment = (moment) => moments.push(moment);
    await world.delete();
    await world.converge();

    expect(world.forge.keys).toEqual([]);
    expect(await world.get()).toBeUndefined();
    const removed = moments.indexOf("after a key is removed");
    expect(moments.indexOf(`after remove bb-${bottle.metadata.uid}-sidecars`)).toBeLessThan(removed);
    expect(moments.lastIndexOf("before update")).toBeGreaterThan(removed);
  });

  it.each([
    {
      what: "the forge is down",
      harm: (of: BottleWorld) => void (of.forge.isDown = true),
      because: "the forge does not answer",
    },
    {
      what: "the token is gone",
      harm: (of: BottleWorld) => void of.secrets.clear(),
      because: "Secret forge does not exist",
    },
    {
      what: "the token is bound elsewhere",
      harm: (of: BottleWorld) => giveToken(of, ["x.example"]),
      because: "did not bind it",
    },
  ])("waits with a reason when $what, and everything else is gone by then", async ({ harm, because }) => {
    await running(APP);
    harm(world);
    await world.delete();
    for (let count = 0; count < 3; count += 1) await world.pass();

    expect(world.engine.sandboxes.size + world.engine.volumes.size).toBe(0);
    const ready = await world.condition("Ready");
    expect(ready).toMatchObject({ status: "False", reason: "DeployKeyFailed" });
    expect(ready?.message).toContain(because);
    expect(ready?.message).toContain("take the finalizer bot-bottle.dev/sandboxes off");
    expect(world.forge.keys).toHaveLength(1);

    world.forge.isDown = false;
    giveToken(world);
    await world.converge();
    expect(world.forge.keys).toEqual([]);
    expect(await world.get()).toBeUndefined();
  });
});
