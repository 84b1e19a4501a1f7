import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BottleWorld, hosts } from "../../tests/bottle-world.ts";

const ALL_RUNNING = { airlock: "running", sidecars: "running", agent: "running" };

describe("the bottle reconciler", () => {
  let world: BottleWorld;
  beforeEach(() => {
    world = new BottleWorld();
  });
  afterEach(() => {
    expect(world.violations).toEqual([]);
    world.close();
  });

  it("brings a new bottle up, held before its agent starts, in four passes", async () => {
    const bottle = await world.apply(hosts("example.com"));

    const results = [await world.pass(), await world.pass(), await world.pass(), await world.pass()];

    expect(results.map((result) => (result.kind === "wait" ? result.afterMs : result.kind))).toEqual([
      0, 0, 0, 20_000,
    ]);
    expect(world.phases(bottle)).toEqual(ALL_RUNNING);
    expect(await world.condition("Ready")).toMatchObject({
      status: "True",
      reason: "AllReady",
      observedGeneration: 1,
    });
    expect(await world.condition("Reconciling")).toBeUndefined();
  });
});
