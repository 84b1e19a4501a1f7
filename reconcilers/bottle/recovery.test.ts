import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bottle, BottleSpec } from "../../crds/bottle.ts";
import type { SandboxPhase } from "../contract/sandbox-runtime.ts";
import { BottleWorld } from "../../tests/bottle-world.ts";
import { hosts } from "../../tests/builders.ts";
import { RUNNING } from "../../tests/observed-builder.ts";

/** What a bottle comes to when nothing goes wrong. */
interface Scenario {
  readonly name: string;
  /** leads to the state from which the scenario starts */
  readonly before?: BottleSpec | undefined;
  readonly act: (world: BottleWorld) => Promise<unknown>;
  readonly phases: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
}

const scenarios: readonly Scenario[] = [
  {
    name: "a start",
    act: (world) => world.apply(hosts("a.example")),
    phases: RUNNING,
    volumes: ["home", "sockets", "mirrors"],
  },
  {
    name: "a policy change",
    before: hosts("a.example"),
    act: (world) => world.apply(hosts("b.example", "c.example")),
    phases: RUNNING,
    volumes: ["home", "sockets", "mirrors"],
  },
  {
    name: "a spec change",
    before: hosts("a.example"),
    act: (world) => world.apply({ ...hosts("a.example"), env: [{ name: "A", value: "b" }] }),
    phases: RUNNING,
    volumes: ["home", "sockets", "mirrors"],
  },
  {
    name: "a new image of the sidecars",
    before: hosts("a.example"),
    act: async (world) => {
      world.engine.images.add("sidecars-2");
      world.images.set("sidecars", { kind: "present", id: "sidecars-2" });
    },
    phases: RUNNING,
    volumes: ["home", "sockets", "mirrors"],
  },
  {
    name: "a new image of the airlock",
    before: hosts("a.example"),
    act: async (world) => {
      world.engine.images.add("airlock-2");
      world.images.set("airlock", { kind: "present", id: "airlock-2" });
    },
    phases: RUNNING,
    volumes: ["home", "sockets", "mirrors"],
  },
  {
    name: "a dead airlock",
    before: hosts("a.example"),
    act: async (world) => world.put(await theBottle(world), "airlock", "exited"),
    phases: RUNNING,
    volumes: ["home", "sockets", "mirrors"],
  },
  {
    name: "a suspension",
    before: hosts("a.example"),
    act: (world) => world.apply({ ...hosts("a.example"), operatingMode: "Suspended" }),
    phases: {},
    volumes: ["home", "mirrors"],
  },
  {
    name: "a resumption",
    before: { ...hosts("a.example"), operatingMode: "Suspended" },
    act: (world) => world.apply(hosts("a.example")),
    phases: RUNNING,
    volumes: ["home", "sockets", "mirrors"],
  },
  { name: "a deletion", before: hosts("a.example"), act: (world) => world.delete(), phases: {}, volumes: [] },
];

async function theBottle(world: BottleWorld): Promise<Bottle> {
  const bottle = await world.get();
  if (bottle === undefined) throw new Error("no bottle");
  return bottle;
}

/** a world at the start of a scenario, its change made and not yet acted upon */
async function begin({ before, act }: Scenario): Promise<{ world: BottleWorld; bottle: Bottle }> {
  const world = new BottleWorld();
  if (before !== undefined) {
    // a bottle that is resumed has lived before
    if (before.operatingMode === "Suspended") {
      await world.apply(hosts("a.example"));
      await world.converge();
    }
    await world.apply(before);
    await world.converge();
  }
  await act(world);
  return { world, bottle: await theBottle(world) };
}

function expectEnd(world: BottleWorld, bottle: Bottle, { phases, volumes }: Scenario): void {
  expect(world.phases(bottle)).toEqual(phases);
  expect(world.volumes(bottle)).toEqual(volumes);
  expect(world.wrongs).toEqual([]);
  expect(world.engine.sandboxes.size).toBe(Object.keys(phases).length);
}

describe.each(scenarios)("a controller that dies in the middle of $name", (scenario) => {
  it("comes back to the same end, wherever it died", async () => {
    const moments: string[] = [];
    const whole = await begin(scenario);
    whole.world.onMoment = (moment) => moments.push(moment);
    await whole.world.converge();
    expectEnd(whole.world, whole.bottle, scenario);
    whole.world.close();
    expect(moments.length).toBeGreaterThan(5);

    for (const [index, moment] of moments.entries()) {
      const { world, bottle } = await begin(scenario);
      let count = 0;
      world.onMoment = (_moment) => {
        if (count++ === index) world.die();
      };
      await world.converge().catch(() => undefined);
      world.restart();
      await world.converge();
      try {
        expectEnd(world, bottle, scenario);
      } catch (error) {
        throw new Error(`died at ${index}, ${moment}`, { cause: error });
      }
      world.close();
    }
  });
});

describe("a bottle that is half there", () => {
  const phases: readonly (SandboxPhase | "absent")[] = ["absent", "created", "running", "paused", "exited"];
  const states = phases.flatMap((airlock) =>
    phases.flatMap((sidecars) => phases.map((agent) => ({ airlock, sidecars, agent }))),
  );
  let world: BottleWorld;
  let bottle: Bottle;
  beforeEach(async () => {
    world = new BottleWorld();
    bottle = await world.apply(hosts("a.example"));
    await world.converge();
  });
  afterEach(() => world.end());

  it("has 125 states of its three sandboxes", () => {
    expect(states).toHaveLength(125);
  });

  it.each([
    { controller: "the same controller", restart: false },
    { controller: "a new controller", restart: true },
  ])("becomes whole again from each of them under $controller", async ({ restart }) => {
    for (const state of states) {
      world.put(bottle, "airlock", state.airlock);
      world.put(bottle, "sidecars", state.sidecars);
      world.put(bottle, "agent", state.agent);
      if (restart) world.restart();

      await world.converge();

      expect({ state, ...world.phases(bottle) }).toEqual({ state, ...RUNNING });
      expect(await world.condition("Ready")).toMatchObject({ status: "True" });
      expect(world.violations).toEqual([]);
    }
  });

  it("is suspended and deleted from each of them", async () => {
    for (const state of states) {
      for (const role of ["airlock", "sidecars", "agent"] as const) world.put(bottle, role, state[role]);
      await world.apply({ ...hosts("a.example"), operatingMode: "Suspended" });
      await world.converge();
      expect({ state, phases: world.phases(bottle), volumes: world.volumes(bottle) }).toEqual({
        state,
        phases: {},
        volumes: ["home", "mirrors"],
      });
      await world.apply(hosts("a.example"));
      await world.converge();
    }
    await world.delete();
    await world.converge();
    expect(world.engine.volumes.size + world.engine.sandboxes.size + world.authorities.size).toBe(0);
    expect(await world.get()).toBeUndefined();
  });
});
