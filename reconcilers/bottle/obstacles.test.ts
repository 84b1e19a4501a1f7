import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BottleWorld } from "../../tests/bottle-world.ts";
import { RUNNING } from "../../tests/observed-builder.ts";
import { SandboxConflictError } from "../contract/errors.ts";

let world: BottleWorld;
beforeEach(() => {
  world = new BottleWorld();
});
afterEach(() => world.end());

describe("what stands in the way", () => {
  it.each([
    { what: "an unknown class", spec: { classRef: { name: "nope" } }, reason: "ClassNotFound" },
    { what: "an unknown Agent", spec: { agentRef: { name: "nope" } }, reason: "AgentNotFound" },
    { what: "an unknown provider", spec: { provider: { name: "nope" } }, reason: "ProviderUnknown" },
    { what: "no image at all", spec: { provider: { name: "none" } }, reason: "ImageMissing" },
    { what: "another runtime", spec: { runtime: { name: "smolvm" as const } }, reason: "RuntimeNotServed" },
    {
      what: "a micro-VM",
      spec: { isolation: { minimum: "microVm" as const } },
      reason: "IsolationUnavailable",
    },
    { what: "gVisor", spec: { runtime: { runtimeClassName: "runsc" } }, reason: "RuntimeClassUnavailable" },
  ])("stalls on $what, says so, and makes nothing", async ({ spec, reason }) => {
    await world.apply(spec);

    expect(await world.converge()).toMatchObject({ kind: "stalled", reason });

    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason });
    expect(await world.condition("Stalled")).toMatchObject({ status: "True", reason });
    expect(world.engine.sandboxes.size + world.engine.volumes.size).toBe(0);
  });

  it("waits while an image is built and goes on when it is there", async () => {
    const bottle = await world.apply();
    world.images.set("sidecars", { kind: "building", step: "3/7 RUN npm ci" });
    await world.pass();
    await world.pass();
    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "ImageBuilding" });
    expect((await world.condition("Ready"))?.message).toContain("3/7 RUN npm ci");
    expect(world.phases(bottle)).toEqual({});

    world.images.delete("sidecars");
    await world.converge();

    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("shows the last lines of a build that failed", async () => {
    await world.apply();
    world.images.set("agent", { kind: "failed", lastLines: "E: no space left on device" });

    expect(await world.converge()).toMatchObject({ kind: "wait", reason: "ImageBuildFailed" });

    expect((await world.condition("Ready"))?.message).toContain("no space left on device");
  });

  it("stalls when a name is taken by something that is not ours", async () => {
    const bottle = await world.apply();
    await world.pass();
    world.onMoment = (moment) => {
      if (moment.startsWith("before create bb")) throw new SandboxConflictError(bottle.metadata.uid);
    };

    expect(await world.pass()).toMatchObject({ kind: "stalled", reason: "SandboxNameTaken" });

    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "SandboxNameTaken" });
  });

  it("retries a step that failed and says what it said", async () => {
    const bottle = await world.apply();
    await world.pass();
    world.onMoment = (moment) => {
      if (moment.startsWith("before start")) throw new Error("no space left on device");
    };

    expect(await world.pass()).toMatchObject({ kind: "retry" });
    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "ProgressingWithRetry" });
    expect((await world.condition("Reconciling"))?.message).toBe("no space left on device");

    world.onMoment = () => undefined;
    await world.converge();
    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("says in Ready why it cannot even look, on every try", async () => {
    await world.apply();
    await world.pass();
    world.onMoment = (moment) => {
      if (moment.startsWith("before listOf")) throw new Error("the images' folder cannot be read");
    };

    for (let count = 0; count < 2; count += 1) {
      expect(await world.pass()).toMatchObject({ kind: "retry" });
      const message = "the images' folder cannot be read";
      expect(await world.condition("Ready")).toMatchObject({
        status: "False",
        reason: "ProgressingWithRetry",
        message,
      });
    }
  });

  it("does not count an agent as running whose CA is not what it should be", async () => {
    const bottle = await world.apply();
    world.onMoment = (moment) => {
      if (moment.startsWith("before exec")) world.sandbox(bottle, "agent")?.files.clear();
    };
    for (let count = 0; count < 4; count += 1) await world.pass();

    expect(await world.condition("AgentRunning")).toMatchObject({ status: "False", reason: "CheckFailed" });
    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "CheckFailed" });
  });
});
