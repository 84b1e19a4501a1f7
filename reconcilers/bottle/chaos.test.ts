import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Bottle, BottleSpec } from "../../crds/bottle.ts";
import { BottleWorld } from "../../tests/bottle-world.ts";
import { hosts } from "../../tests/builders.ts";
import { RUNNING } from "../../tests/observed-builder.ts";
import { SANDBOX_ROLES } from "../contract/sandbox-runtime.ts";

const RUNS = 40;

/** Something that happens to a bottle, and what undoes a fault that lasts. */
type Happening = (world: BottleWorld, bottle: Bottle) => Promise<unknown> | void;

const change =
  (spec: BottleSpec): Happening =>
  (world) =>
    world.apply(spec);

const happenings: Readonly<Record<string, Happening>> = {
  ...Object.fromEntries(
    SANDBOX_ROLES.flatMap((role) =>
      (["exited", "paused", "absent"] as const).map((phase): [string, Happening] => [
        `${role} is ${phase}`,
        (world, bottle) => world.put(bottle, role, phase),
      ]),
    ),
  ),
  "the sidecars fall silent": ({ engine }) => void (engine.sidecarsAreSilent = true),
  "the sidecars speak": ({ engine }) => void (engine.sidecarsAreSilent = false),
  "the link is starved": ({ engine }) => void (engine.linkIsStarved = true),
  "the link is free": ({ engine }) => void (engine.linkIsStarved = false),
  "the engine is down": ({ engine }) => void (engine.isDown = true),
  "the engine is up": ({ engine }) => void (engine.isDown = false),
  "the controller is restarted": (world) => world.restart(),
  "a second passes": (world) => world.advance(1_000),
  "a minute passes": (world) => world.advance(60_000),
  "another policy is wanted": change(hosts("b.example")),
  "no egress is wanted": change({}),
  "another agent is wanted": change({ ...hosts("a.example"), env: [{ name: "A", value: "b" }] }),
  "rest is wanted": change({ ...hosts("a.example"), operatingMode: "Suspended" }),
};

describe("a bottle to which anything may happen", () => {
  it(
    "is held whenever its agent runs, and comes back when its faults are over",
    { timeout: 60_000 },
    async () => {
      const event = fc.record({
        name: fc.constantFrom(...Object.keys(happenings)),
        passes: fc.integer({ min: 0, max: 3 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(event, { maxLength: 12 }), async (events) => {
          const world = new BottleWorld();
          try {
            const bottle = await world.apply(hosts("a.example"));
            for (const { name, passes } of events) {
              await happenings[name]?.(world, bottle);
              for (let count = 0; count < passes; count += 1) await world.pass();
            }
            Object.assign(world.engine, { sidecarsAreSilent: false, linkIsStarved: false, isDown: false });
            await world.apply(hosts("c.example"));
            await world.converge();

            expect(world.wrongs).toEqual([]);
            expect(world.phases(bottle)).toEqual(RUNNING);
            expect(await world.condition("Ready")).toMatchObject({ status: "True" });
          } finally {
            world.close();
          }
        }),
        { numRuns: RUNS },
      );
    },
  );
});
