import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BottleWorld } from "../../tests/bottle-world.ts";
import { anOwner, aSandboxSpec, aVolumeSpec } from "../../tests/builders.ts";
import { FakeRuntime } from "../../local-runtime/fake/fake-runtime.ts";
import { ApiUnavailableError } from "../contract/errors.ts";
import type { Owner, SandboxRole } from "../contract/sandbox-runtime.ts";
import { createOrphanSweep, ORPHAN_GRACE_MS } from "./orphans.ts";

describe("the orphan sweep", () => {
  let world: BottleWorld;
  let sweep: ReturnType<typeof createOrphanSweep>;
  beforeEach(() => {
    world = new BottleWorld();
    sweep = createOrphanSweep({ client: world.client, runtime: new FakeRuntime(world.engine) });
  });
  afterEach(() => world.end());

  const run = () =>
    sweep.reconcile({ namespace: "", name: "" }, { id: "s", signal: world.signal, now: world.now });

  async function leave(instance = "test"): Promise<Owner> {
    const owner = anOwner();
    const runtime = new FakeRuntime(world.engine, instance);
    await runtime.createVolume(aVolumeSpec(owner, "home"));
    await runtime.createVolume(aVolumeSpec(owner, "sockets"));
    await runtime.createVolume(aVolumeSpec(owner, "mirrors"));
    const airlock = aSandboxSpec(owner, "airlock", { image: "airlock" });
    await runtime.create(airlock);
    await runtime.create(aSandboxSpec(owner, "agent", { image: "agent", joins: airlock.name }));
    return owner;
  }

  const left = (owner: Owner): { roles: SandboxRole[]; volumes: string[] } => ({
    roles: [...world.engine.sandboxes.values()]
      .filter(({ spec }) => spec.owner.uid === owner.uid)
      .map(({ spec }) => spec.role),
    volumes: [...world.engine.volumes.values()]
      .filter(({ spec }) => spec.owner.uid === owner.uid)
      .map(({ spec }) => spec.role),
  });

  it("leaves what it sees for the first time", async () => {
    const owner = await leave();

    expect(await run()).toMatchObject({ kind: "wait" });

    expect(left(owner).roles).toEqual(["airlock", "agent"]);
  });

  it("removes it after the grace time, agent first, and keeps the home", async () => {
    const owner = await leave();
    await run();
    world.advance(ORPHAN_GRACE_MS);
    world.takeCalls();

    await run();

    expect(left(owner)).toEqual({ roles: [], volumes: ["home"] });
    const removals = world.takeCalls().filter((call) => call.startsWith("remove"));
    expect(removals).toEqual(
      ["agent", "airlock", "sockets", "mirrors"].map((role) => expect.stringContaining(role) as string),
    );
  });

  it("counts the grace time anew for an owner that was known in between", async () => {
    const bottle = await world.apply();
    const owner = { uid: bottle.metadata.uid, namespace: "default", name: "b1" };
    const runtime = new FakeRuntime(world.engine);
    await runtime.create(aSandboxSpec(owner, "airlock", { image: "airlock" }));
    await run();
    world.advance(ORPHAN_GRACE_MS);
    await run();
    expect(left(owner).roles).toEqual(["airlock"]);

    await world.delete();
    await run();

    expect(left(owner).roles).toEqual(["airlock"]);
  });

  it("never touches another instance", async () => {
    const owner = await leave("another");
    await run();
    world.advance(ORPHAN_GRACE_MS);
    await run();

    expect(left(owner)).toEqual({ roles: ["airlock", "agent"], volumes: ["home", "sockets", "mirrors"] });
  });

  it("removes nothing when the Bottles cannot be listed", async () => {
    const owner = await leave();
    const { client } = world;
    const failing = { ...client, list: async () => Promise.reject(new ApiUnavailableError("500")) };
    sweep = createOrphanSweep({ client: failing, runtime: new FakeRuntime(world.engine) });

    await expect(run()).rejects.toThrow(ApiUnavailableError);
    world.advance(ORPHAN_GRACE_MS);
    await expect(run()).rejects.toThrow(ApiUnavailableError);

    expect(left(owner).roles).toHaveLength(2);
  });

  it("goes on with the others when one cannot be removed", async () => {
    const [stuck, free] = [await leave(), await leave()];
    await run();
    world.advance(ORPHAN_GRACE_MS);
    world.onMoment = (moment) => {
      if (moment === `before remove bb-${stuck.uid}-agent`) throw new Error("device or resource busy");
    };

    expect(await run()).toMatchObject({ kind: "retry" });

    expect(left(free).roles).toEqual([]);
    expect(left(stuck).roles).toEqual(["airlock", "agent"]);
  });
});
