import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bottle, BottleSpec } from "../../../crds/bottle.ts";
import { BottleWorld } from "../../../tests/bottle-world.ts";
import { CANARY_PATH } from "../../shared/agent-paths.ts";

const PLANTED: BottleSpec = { egress: { canaries: "planted", routes: [{ host: "a.example" }] } };
const VALUES = /(?<==)[A-Za-z0-9_]+$|(?<=admin:)\w+/gm;

let world: BottleWorld;
beforeEach(() => {
  world = new BottleWorld();
});
afterEach(() => world.end());

const running = async (spec: BottleSpec): Promise<Bottle> => {
  const bottle = await world.apply(spec);
  await world.converge();
  return bottle;
};
const enforced = (bottle: Bottle) => world.sandbox(bottle, "sidecars")?.sidecars?.configuration?.canaries;
const planted = (bottle: Bottle): string[] => world.homeFile(bottle, CANARY_PATH)?.match(VALUES) ?? [];

describe("the canaries of a bottle", () => {
  it("lie in its home, and its sidecars know every one of them", async () => {
    const bottle = await running(PLANTED);
    expect(planted(bottle)).toHaveLength(4);
    expect(enforced(bottle)?.toSorted()).toEqual(planted(bottle).toSorted());
    const file = world.sandbox(bottle, "agent")?.spec.homeFiles?.find(({ path }) => path === CANARY_PATH);
    expect(file).toMatchObject({ mode: 0o600, owner: { uid: 1000 } });
  });

  it("are none unless its class or it asks for them", async () => {
    const bottle = await running({ egress: { routes: [{ host: "a.example" }] } });
    expect(world.homeFile(bottle, CANARY_PATH)).toBeUndefined();
    expect(enforced(bottle)).toEqual([]);
  });

  it("come and go with the policy, while the agent works on", async () => {
    const bottle = await running({ egress: { routes: [{ host: "a.example" }] } });
    const agent = world.sandbox(bottle, "agent");
    await running(PLANTED);
    expect(planted(bottle)).toHaveLength(4);
    expect(enforced(bottle)).toHaveLength(4);
    await running({ egress: { canaries: "none", routes: [{ host: "a.example" }] } });
    expect(enforced(bottle)).toEqual([]);
    expect(world.sandbox(bottle, "agent")).toBe(agent);
  });

  it("stay what they are when sidecars and controller are made anew, and after a time of rest", async () => {
    const bottle = await running(PLANTED);
    const before = planted(bottle);
    world.put(bottle, "sidecars", "exited");
    world.restart();
    await world.converge();
    expect(enforced(bottle)?.toSorted()).toEqual(before.toSorted());

    await running({ ...PLANTED, operatingMode: "Suspended" });
    await running(PLANTED);
    expect(planted(bottle)).toEqual(before);
    expect(enforced(bottle)?.toSorted()).toEqual(before.toSorted());
  });

  it("are in no two bottles the same, and tell nothing of the key that they follow from", async () => {
    const bottle = await running(PLANTED);
    const other = new BottleWorld();
    const stranger = await other.apply(PLANTED);
    await other.converge();
    const theirs = [...(other.homeFile(stranger, CANARY_PATH)?.match(VALUES) ?? [])];
    await other.end();
    expect(theirs).toHaveLength(4);
    expect(planted(bottle).filter((value) => theirs.includes(value))).toEqual([]);
    const { privateKeyPem = "" } = world.authorities.get(bottle.metadata.uid) ?? {};
    for (const value of planted(bottle)) expect(privateKeyPem).not.toContain(value.slice(4, 16));
  });

  it("stand in no status, no Event and no label", async () => {
    const bottle = await running(PLANTED);
    const sandboxes = [...world.engine.sandboxes.values()].map(
      ({ spec: { homeFiles: _files, ...spec } }) => spec,
    );
    const told = JSON.stringify([await world.get(), world.events, sandboxes]);
    for (const value of planted(bottle)) expect(told).not.toContain(value);
  });
});
