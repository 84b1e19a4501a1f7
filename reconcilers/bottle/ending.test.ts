import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BottleWorld } from "../../tests/bottle-world.ts";
import { hosts } from "../../tests/builders.ts";
import { RUNNING } from "../../tests/observed-builder.ts";

let world: BottleWorld;
beforeEach(() => {
  world = new BottleWorld();
});
afterEach(() => world.end());

describe("the end of a bottle", () => {
  it("is suspended: the home stays, the secrets go first", async () => {
    const bottle = await world.apply(hosts("a.example"));
    await world.converge();
    world.takeCalls();

    await world.apply({ ...hosts("a.example"), operatingMode: "Suspended" });
    await world.pass();
    expect(await world.condition("Suspended")).toMatchObject({ status: "False" });
    await world.converge();

    expect(world.phases(bottle)).toEqual({});
    expect(world.volumes(bottle)).toEqual(["home", "mirrors"]);
    expect(await world.condition("Suspended")).toMatchObject({ status: "True", reason: "AskedToSuspend" });
    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "AskedToSuspend" });
    expect(await world.condition("EgressEnforced")).toBeUndefined();
    expect(world.events).toContain("Normal AskedToSuspend");
    expect(world.events.filter((event) => event.startsWith("Warning"))).toEqual([]);
  });

  it("resumes with the home as it was and without writing into it", async () => {
    const bottle = await world.apply();
    await world.converge();
    const home = [...world.engine.volumes.values()].find(({ spec }) => spec.role === "home");
    await world.apply({ operatingMode: "Suspended" });
    await world.converge();

    await world.apply({ operatingMode: "Running" });
    await world.converge();

    expect(world.phases(bottle)).toEqual(RUNNING);
    expect([...world.engine.volumes.values()]).toContain(home);
    expect(world.sandbox(bottle, "agent")?.spec.homeFiles).toBeUndefined();
  });

  it("comes at shutdownTime, and the Bottle itself goes when its time after that is over", async () => {
    const shutdownTime = new Date(world.now.getTime() + 7_000).toISOString();
    const bottle = await world.apply({ lifecycle: { shutdownTime, ttlSecondsAfterFinished: 60 } });
    expect(await world.converge()).toMatchObject({ kind: "wait", afterMs: 7_000 });
    expect(world.phases(bottle)).toEqual(RUNNING);

    world.advance(7_000);
    expect(await world.converge()).toMatchObject({ kind: "wait", afterMs: 60_000 });
    expect(world.phases(bottle)).toEqual({});
    expect(await world.condition("Suspended")).toMatchObject({
      status: "True",
      reason: "ShutdownTimeReached",
    });

    world.advance(60_000);
    await world.converge();
    expect(await world.get()).toBeUndefined();
    expect(world.engine.volumes.size).toBe(0);
  });

  it("is a deletion in order: agent and secrets, the rest, volumes, CA, and the finalizer last", async () => {
    const bottle = await world.apply();
    await world.converge();
    const { uid } = bottle.metadata;
    const moments: string[] = [];
    world.onMoment = (moment) => moments.push(moment);

    await world.delete();
    await world.converge();

    const after = moments.filter((moment) => moment.startsWith("after ") && !moment.includes("listOf"));
    expect(after).toEqual([
      `after remove bb-${uid}-agent`,
      `after remove bb-${uid}-sidecars`,
      `after remove bb-${uid}-airlock`,
      `after removeVolume bb-${uid}-home`,
      `after removeVolume bb-${uid}-sockets`,
      `after removeVolume bb-${uid}-mirrors`,
      "after update",
    ]);
    expect(world.authorities.size).toBe(0);
  });

  it("keeps the finalizer when something could not be removed", async () => {
    await world.apply();
    await world.converge();
    await world.delete();
    world.onMoment = (moment) => {
      if (moment.startsWith("before removeVolume")) throw new Error("volume is in use");
    };

    expect(await world.pass()).toMatchObject({ kind: "retry" });

    expect((await world.get())?.metadata.finalizers).toEqual(["bot-bottle.dev/sandboxes"]);
    expect(await world.condition("Ready")).toMatchObject({ status: "False" });
  });

  it("has wiped sidecars before they are removed", async () => {
    const bottle = await world.apply(hosts("a.example"));
    await world.converge();
    const sidecars = world.sandbox(bottle, "sidecars")?.sidecars;
    let atRemoval: string | undefined = "not reached";
    world.onMoment = (moment) => {
      if (moment === `before remove bb-${bottle.metadata.uid}-sidecars`) atRemoval = sidecars?.policyHash;
    };
    expect(sidecars?.policyHash).toBeDefined();

    await world.delete();
    await world.converge();

    expect(atRemoval).toBeUndefined();
  });

  it("is not held up by sidecars that say nothing", async () => {
    await world.apply();
    await world.converge();
    world.engine.sidecarsAreSilent = true;

    await world.delete();
    await world.converge();

    expect(world.engine.sandboxes.size).toBe(0);
  });
});
