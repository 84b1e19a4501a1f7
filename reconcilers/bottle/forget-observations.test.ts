import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BottleWorld } from "../../tests/bottle-world.ts";
import { bottles } from "../../crds/resources.ts";
import { forgetObservations } from "./forget-observations.ts";

describe("what a controller finds at its start", () => {
  let world: BottleWorld;
  beforeEach(() => {
    world = new BottleWorld();
  });
  afterEach(() => world.end());

  const statuses = async (): Promise<Record<string, string>> => {
    const { status } = (await world.get()) ?? {};
    return Object.fromEntries((status?.conditions ?? []).map((each) => [each.type, each.status]));
  };

  it("is said to be unknown, all of it, until a pass has looked", async () => {
    await world.apply();
    await world.converge();
    const seen = await statuses();
    expect(seen["Ready"]).toBe("True");
    world.restart();

    await forgetObservations(world.client, world.now);

    expect(await statuses()).toEqual(Object.fromEntries(Object.keys(seen).map((type) => [type, "Unknown"])));
    expect(await world.condition("Ready")).toMatchObject({ reason: "NotObserved", observedGeneration: 1 });
    await world.converge();
    expect(await statuses()).toEqual(seen);
  });

  it("is not said to be stalled any more", async () => {
    await world.apply({ classRef: { name: "nobody" } });
    await world.converge();
    expect(await statuses()).toMatchObject({ Stalled: "True" });

    await forgetObservations(world.client, world.now);

    expect(await statuses()).not.toHaveProperty("Stalled");
    expect(await statuses()).toMatchObject({ Ready: "Unknown" });
  });

  it("keeps what others say, and leaves a Bottle alone of which nothing was said", async () => {
    const bottle = await world.apply();
    const foreign = { type: "Billed", status: "True", reason: "Paid", message: "", observedGeneration: 1 };
    const lastTransitionTime = world.now.toISOString();
    const ref = { namespace: "default", name: "b1" };
    const conditions = [{ ...foreign, lastTransitionTime }];
    await world.client.patchStatus(bottles, ref, { conditions }, world.signal);
    const untouched = await world.apply({}, "b2");

    await forgetObservations(world.client, world.now);

    expect((await world.get())?.status?.conditions).toEqual(conditions);
    expect(await world.get("b2")).toEqual(untouched);
    expect(bottle.metadata.uid).toBe((await world.get())?.metadata.uid);
  });
});
