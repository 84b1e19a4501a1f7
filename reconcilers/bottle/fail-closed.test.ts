import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bottle } from "../../crds/bottle.ts";
import { BottleWorld } from "../../tests/bottle-world.ts";
import { hosts } from "../../tests/builders.ts";
import { RUNNING } from "../../tests/observed-builder.ts";

describe("a bottle that cannot be shown to be held", () => {
  let world: BottleWorld;
  let bottle: Bottle;
  beforeEach(async () => {
    world = new BottleWorld();
    bottle = await world.apply(hosts("a.example"));
    await world.converge();
    world.advance(60_000);
    world.takeCalls();
  });
  afterEach(() => world.end());

  it("is frozen in the pass that hears nothing from its sidecars", async () => {
    world.engine.sidecarsAreSilent = true;

    await world.pass();

    expect(world.phases(bottle)).toMatchObject({ agent: "paused" });
    expect(await world.condition("EgressEnforced")).toMatchObject({
      status: "Unknown",
      reason: "SidecarsSilent",
    });
  });

  it("is frozen when its status cannot be written, as on a full disk, and goes on when it can", async () => {
    world.engine.sidecarsAreSilent = true;
    world.onMoment = (moment) => {
      if (moment === "before status") throw new Error("the disk is full");
    };
    await expect(world.pass()).rejects.toThrow("the disk is full");
    expect(world.phases(bottle)).toMatchObject({ agent: "paused" });

    world.onMoment = () => undefined;
    world.engine.sidecarsAreSilent = false;
    await world.converge();
    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("goes on with its work once they answer again", async () => {
    const before = world.sandbox(bottle, "agent");
    world.engine.sidecarsAreSilent = true;
    await world.pass();
    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "SidecarsSilent" });

    world.engine.sidecarsAreSilent = false;
    await world.converge();

    expect(world.sandbox(bottle, "agent")).toBe(before);
    expect(world.phases(bottle)).toEqual(RUNNING);
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
  });

  it("gets its sidecars started again when they stay silent, and keeps its agent frozen meanwhile", async () => {
    world.engine.sidecarsAreSilent = true;
    await world.pass();
    await world.pass();
    expect(world.phases(bottle)).toEqual({ airlock: "running", sidecars: "exited", agent: "paused" });

    world.engine.sidecarsAreSilent = false;
    await world.converge();

    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("is frozen while its sidecars are dead, and goes on when they are back with their policy", async () => {
    const agentId = world.sandbox(bottle, "agent")?.id;
    const startedAt = world.sandbox(bottle, "agent")?.startedAt;
    world.put(bottle, "sidecars", "exited");

    await world.pass();
    expect(world.phases(bottle)).toMatchObject({ agent: "paused" });
    await world.converge();

    expect(world.phases(bottle)).toEqual(RUNNING);
    expect(world.sandbox(bottle, "agent")).toMatchObject({ id: agentId, startedAt });
  });

  it("is frozen while sidecars of another make are replaced, though they report the right policy", async () => {
    world.engine.images.add("sidecars-2");
    world.images.set("sidecars", { kind: "present", id: "sidecars-2" });

    await world.pass();

    expect(world.phases(bottle)).toEqual({ airlock: "running", sidecars: "running", agent: "paused" });
    expect(await world.condition("EgressEnforced")).toMatchObject({
      status: "False",
      reason: "SidecarsOutdated",
    });
    await world.converge();
    expect(world.phases(bottle)).toEqual(RUNNING);
    expect(world.sandbox(bottle, "sidecars")?.spec.image).toBe("sidecars-2");
  });

  it("is stopped, not frozen, when its airlock died: it could bind the ports of the link", async () => {
    world.put(bottle, "airlock", "exited");

    await world.pass();

    expect(world.phases(bottle)).toMatchObject({ agent: "exited" });
    await world.converge();
    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("is stopped when somebody started its airlock again: the new probe would be fine, its namespace is not", async () => {
    world.put(bottle, "airlock", "exited");
    world.engine.startProcess(world.sandbox(bottle, "airlock")!, "another-namespace");
    expect(world.phases(bottle)).toEqual(RUNNING);

    await world.pass();

    expect(world.phases(bottle)).toMatchObject({ agent: "exited" });
    await world.converge();
    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it.each([
    { what: "an interface", foreign: { interfaces: ["eth0"], listeners: [] }, says: "eth0" },
    {
      what: "a stranger on a port of the link",
      foreign: { interfaces: [], listeners: [9099] },
      says: "9099",
    },
  ])("is frozen when the probe sees $what", async ({ foreign, says }) => {
    world.engine.foreign = foreign;
    world.advance(60_000);

    await world.pass();

    expect(world.phases(bottle)).toMatchObject({ agent: "paused" });
    expect(await world.condition("EgressEnforced")).toMatchObject({ status: "False", reason: "ProbeFailed" });
    expect((await world.condition("EgressEnforced"))?.message).toContain(says);
  });

  it("is frozen when the probe was answered by somebody else than the sidecars", async () => {
    const sidecars = world.sandbox(bottle, "sidecars")?.sidecars;
    Object.assign(sidecars ?? {}, { noteNonce: () => undefined });

    await world.pass();

    expect(world.phases(bottle)).toMatchObject({ agent: "paused" });
    expect((await world.condition("EgressEnforced"))?.message).toContain("not by the sidecars");
  });

  it("is stopped when freezing did not help: a frozen agent may hold every connection of the airlock", async () => {
    world.engine.linkIsStarved = true;
    await world.pass();
    expect(world.phases(bottle)).toMatchObject({ agent: "paused" });
    await world.pass();
    expect(world.phases(bottle)).toMatchObject({ agent: "paused" });

    world.advance(15_000);
    await world.pass();

    expect(world.phases(bottle)).toMatchObject({ agent: "exited" });
    world.engine.linkIsStarved = false;
    await world.converge();
    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("gets a new airlock when the link stays broken with nobody inside", async () => {
    const before = world.sandbox(bottle, "airlock")?.startedAt;
    world.engine.linkIsStarved = true;
    for (let count = 0; count < 6; count += 1) {
      await world.pass();
      world.advance(15_000);
    }
    world.engine.linkIsStarved = false;

    await world.converge();

    expect(world.sandbox(bottle, "airlock")?.startedAt).not.toEqual(before);
    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("is frozen when its class is gone, because nobody can say what it is to be held to", async () => {
    await world.apply({ ...hosts("a.example"), classRef: { name: "gone" } });

    expect(await world.converge()).toMatchObject({ kind: "stalled", reason: "ClassNotFound" });
    expect(world.phases(bottle)).toMatchObject({ agent: "paused" });

    await world.apply(hosts("a.example"));
    await world.converge();
    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("is frozen, and told nothing, when something else has the name and the labels of its sidecars", async () => {
    const sidecars = world.sandbox(bottle, "sidecars")!;
    world.put(bottle, "sidecars", "exited");
    Object.assign(sidecars, { spec: { ...sidecars.spec, image: "impostor" } });
    world.engine.startProcess(sidecars, "its-own");
    world.restart();

    expect(await world.converge()).toMatchObject({ kind: "stalled", reason: "SandboxNameTaken" });

    expect(world.phases(bottle)).toMatchObject({ agent: "paused" });
    expect(sidecars.sidecars?.configuration).toBeUndefined();
    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "SandboxNameTaken" });
  });

  it("never starts under a probe that does not hold", async () => {
    world.engine.linkIsStarved = true;
    const second = await world.apply(hosts("b.example"), "b2");
    for (let count = 0; count < 8; count += 1) await world.pass("b2");

    expect(world.phases(second)).toMatchObject({ agent: "created" });
    expect(await world.condition("Ready", "b2")).toMatchObject({ status: "False", reason: "ProbeFailed" });
  });
});
