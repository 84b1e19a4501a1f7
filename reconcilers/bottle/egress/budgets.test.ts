import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bottle } from "../../../crds/bottle.ts";
import type { BudgetUse } from "../../../sidecars/wire/control.ts";
import { BottleWorld } from "../../../tests/bottle-world.ts";

const ROUTE = "api.example";
const SPEC = {
  egress: { budget: { requestBytes: 1_000 }, routes: [{ host: ROUTE, budget: { modelTokens: 100 } }] },
};
const use = (route: string, more: Partial<BudgetUse> = {}): BudgetUse => ({
  ...{ route, recentRequests: 0, requestBytes: 0, modelTokens: 0, isExceeded: false },
  ...more,
});

let world: BottleWorld;
let bottle: Bottle;
beforeEach(async () => {
  world = new BottleWorld();
  bottle = await world.apply(SPEC);
  await world.converge();
});
afterEach(() => world.end());

const sidecars = () => world.sandbox(bottle, "sidecars")?.sidecars;
const inStatus = async () => (await world.get())?.status?.egress?.spent;

describe("what a bottle spends", () => {
  it("stands in status, and is handed to sidecars that are made anew", async () => {
    const spent = [use("", { requestBytes: 600 }), use(ROUTE, { modelTokens: 70 })];
    sidecars()?.spend(spent);
    await world.pass();
    expect(await inStatus()).toEqual(spent);

    world.put(bottle, "sidecars", "exited");
    world.restart();
    await world.converge();

    expect(sidecars()?.configuration?.spent).toEqual(spent);
    expect(await inStatus()).toEqual(spent);
  });

  it("is never made less by sidecars that know of less", async () => {
    sidecars()?.spend([use("", { requestBytes: 600 })]);
    await world.pass();
    sidecars()?.spend([use("", { requestBytes: 5 })]);
    await world.pass();
    expect(await inStatus()).toMatchObject([{ requestBytes: 600 }]);
  });

  it("is written when it is a hundredth of a limit, and not for less", async () => {
    sidecars()?.spend([use("", { requestBytes: 100 })]);
    await world.pass();
    sidecars()?.spend([use("", { requestBytes: 109 })]);
    await world.pass();
    expect(await inStatus()).toMatchObject([{ requestBytes: 100 }]);
    sidecars()?.spend([use("", { requestBytes: 110 })]);
    await world.pass();
    expect(await inStatus()).toMatchObject([{ requestBytes: 110 }]);
  });

  it("is forgotten with its limit", async () => {
    sidecars()?.spend([use("", { requestBytes: 600 }), use(ROUTE, { modelTokens: 70 })]);
    await world.pass();
    await world.apply({ egress: { ...SPEC.egress, budget: undefined } });
    await world.converge();
    expect(await inStatus()).toEqual([use(ROUTE, { modelTokens: 70 })]);
  });

  it("shows as a condition when a budget refuses requests, and the bottle is ready all the same", async () => {
    expect(await world.condition("BudgetExceeded")).toBeUndefined();
    sidecars()?.spend([use("", { isExceeded: true }), use(ROUTE, { isExceeded: true })]);
    await world.pass();
    expect(await world.condition("BudgetExceeded")).toMatchObject({
      status: "True",
      reason: "BudgetSpent",
      message: "the budget of the bottle, route api.example is spent: requests are denied",
    });
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
    sidecars()?.spend([use(""), use(ROUTE)]);
    await world.pass();
    expect(await world.condition("BudgetExceeded")).toBeUndefined();
  });
});

describe("a bottle whose audit cannot be kept", () => {
  it("is told to let nothing out, says so, and goes on when it can be kept again", async () => {
    world.auditFault = "the disk is full";
    await world.pass();
    expect(sidecars()?.configuration).toMatchObject({ unrecorded: "the disk is full" });
    expect(await world.condition("AuditFailing")).toMatchObject({
      status: "True",
      reason: "AuditNotWritten",
      message: "the disk is full",
    });
    expect(world.phases(bottle)).toMatchObject({ agent: "running" });

    world.auditFault = undefined;
    await world.pass();
    expect(sidecars()?.configuration).not.toHaveProperty("unrecorded");
    expect(await world.condition("AuditFailing")).toBeUndefined();
  });
});
