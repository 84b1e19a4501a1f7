import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agents, bottleClasses } from "../../crds/resources.ts";
import { BottleWorld } from "../../tests/bottle-world.ts";
import { hosts } from "../../tests/builders.ts";
import { RUNNING } from "../../tests/observed-builder.ts";
import { PROMPT_PATH } from "../shared/agent-paths.ts";

const API = "bot-bottle.dev/v1alpha1" as const;

let world: BottleWorld;
beforeEach(() => {
  world = new BottleWorld();
});
afterEach(() => world.end());

describe("a new bottle", () => {
  it("comes up in four passes, held before its agent starts", async () => {
    const bottle = await world.apply(hosts("example.com"));

    const ends = [await world.pass(), await world.pass(), await world.pass(), await world.pass()];

    expect(ends.map((end) => (end.kind === "wait" ? end.afterMs : end.kind))).toEqual([0, 0, 0, 20_000]);
    expect(world.phases(bottle)).toEqual(RUNNING);
    expect(await world.condition("Ready")).toMatchObject({ status: "True", observedGeneration: 1 });
    expect(await world.condition("Reconciling")).toBeUndefined();
    expect(world.events).toEqual(["Normal Progressing", "Normal AllReady"]);
  });

  it("says in its status what it came to", async () => {
    const bottle = await world.apply(hosts("example.com"));
    await world.converge();

    const { status } = (await world.get()) ?? {};

    const fingerprint = world.authorities.get(bottle.metadata.uid)?.fingerprint;
    expect(status).toMatchObject({
      provider: "none",
      runtime: "fake",
      image: "agent",
      caFingerprint: fingerprint,
    });
    expect(status?.policyHash).toBe(world.sandbox(bottle, "sidecars")?.sidecars?.policyHash);
    expect(status?.homeProvisionedTime).toBeDefined();
  });

  it("is not written to again when nothing changes", async () => {
    await world.apply();
    await world.converge();
    const before = await world.get();

    await world.pass();

    expect(await world.get()).toEqual(before);
  });

  it("gets the prompt of its Agent and the policy of its class", async () => {
    const { signal } = world;
    const spec = hosts("class.example");
    await world.client.create(
      bottleClasses,
      { apiVersion: API, kind: "BottleClass", metadata: { name: "c" }, spec },
      signal,
    );
    const agent = { classRef: { name: "c" }, prompt: "Be brief." };
    const metadata = { namespace: "default", name: "a" };
    await world.client.create(agents, { apiVersion: API, kind: "Agent", metadata, spec: agent }, signal);
    const bottle = await world.apply({ agentRef: { name: "a" } });

    await world.converge().catch(() => undefined);

    expect(world.homeFile(bottle, PROMPT_PATH)).toBe("Be brief.");
    const enforced = world.sandbox(bottle, "sidecars")?.sidecars?.configuration?.egress.routes;
    expect(enforced).toMatchObject([{ host: "class.example" }]);
    // the world's own watch knows the Bottle's routes alone
    world.violations.length = 0;
  });

  it("gets a new prompt into its home while it runs, and after a time of rest", async () => {
    const { signal } = world;
    const ref = { namespace: "default", name: "a" };
    const prompted = { apiVersion: API, kind: "Agent", metadata: ref, spec: { prompt: "one" } } as const;
    const agent = await world.client.create(agents, prompted, signal);
    const bottle = await world.apply({ agentRef: { name: "a" } });
    await world.converge();
    const before = world.sandbox(bottle, "agent");

    const second = await world.client.update(agents, { ...agent, spec: { prompt: "two" } }, signal);
    await world.converge();
    expect(world.homeFile(bottle, PROMPT_PATH)).toBe("two");
    expect(world.sandbox(bottle, "agent")).toBe(before);

    await world.apply({ agentRef: { name: "a" }, operatingMode: "Suspended" });
    await world.converge();
    await world.client.update(agents, { ...second, spec: { prompt: "three" } }, signal);
    await world.apply({ agentRef: { name: "a" } });
    await world.converge();

    expect(world.homeFile(bottle, PROMPT_PATH)).toBe("three");
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
  });

  it("has an empty prompt, the agent's own, when nobody gave one", async () => {
    const bottle = await world.apply();
    await world.converge();

    expect(world.homeFile(bottle, PROMPT_PATH)).toBe("");
    const file = world.sandbox(bottle, "agent")?.spec.homeFiles?.find(({ path }) => path === PROMPT_PATH);
    expect(file ?? { mode: 0o600, owner: { uid: 1000, gid: 1000 } }).toMatchObject({
      mode: 0o600,
      owner: { uid: 1000 },
    });
  });
});

describe("a bottle that runs", () => {
  const running = async (spec = hosts("a.example")) => {
    const bottle = await world.apply(spec);
    await world.converge();
    world.takeCalls();
    return bottle;
  };

  it("gets a new policy in one pass, in place, and its agent does not notice", async () => {
    const bottle = await running();
    const before = world.sandbox(bottle, "agent");

    await world.apply(hosts("b.example"));
    await world.pass();

    const enforced = world.sandbox(bottle, "sidecars")?.sidecars?.configuration?.egress.routes;
    expect(enforced).toMatchObject([{ host: "b.example" }]);
    expect(world.sandbox(bottle, "agent")).toBe(before);
    expect(world.takeCalls().filter((call) => call.includes("agent"))).toEqual([]);
    expect(await world.condition("Ready")).toMatchObject({ status: "True", observedGeneration: 2 });
  });

  it("is made anew around its home when its spec changes", async () => {
    const bottle = await running();
    const { id } = world.sandbox(bottle, "agent")!;
    const sidecarsId = world.sandbox(bottle, "sidecars")?.id;

    await world.apply({ ...hosts("a.example"), env: [{ name: "A", value: "b" }] });
    await world.converge();

    const agent = world.sandbox(bottle, "agent");
    expect(agent?.id).not.toBe(id);
    expect(agent?.spec.environment).toMatchObject({ A: "b" });
    expect(agent?.spec.homeFiles).toBeUndefined();
    expect(world.sandbox(bottle, "sidecars")?.id).toBe(sidecarsId);
  });

  it("is adopted by a controller that was restarted, with nothing made or started", async () => {
    await running();
    world.restart();

    await world.converge();

    const actions = world.takeCalls().map((call) => call.split(" ")[0]);
    expect(new Set(actions)).toEqual(new Set(["listOf", "open", "probeLink", "exec"]));
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
  });

  it("is left alone while the runtime does not answer, and nobody says that it is gone", async () => {
    const bottle = await running();
    world.engine.isDown = true;

    expect(await world.pass()).toMatchObject({ kind: "retry" });

    expect(world.phases(bottle)).toEqual(RUNNING);
    expect(await world.condition("RuntimeHealthy")).toMatchObject({
      status: "False",
      reason: "RuntimeUnavailable",
    });
    expect(await world.condition("EgressEnforced")).toMatchObject({ status: "Unknown" });
    expect(await world.condition("Reconciling")).toMatchObject({ reason: "RuntimeUnavailable" });
    expect(await world.condition("AgentRunning")).toMatchObject({ status: "Unknown" });
    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "RuntimeUnavailable" });

    world.engine.isDown = false;
    const before = world.sandbox(bottle, "agent")?.id;
    await world.converge();
    expect(world.sandbox(bottle, "agent")?.id).toBe(before);
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
  });

  it("is not deleted while the runtime does not answer", async () => {
    const bottle = await running();
    await world.delete();
    world.engine.isDown = true;
    expect(await world.pass()).toMatchObject({ kind: "retry" });
    expect(await world.get()).toBeDefined();

    world.engine.isDown = false;
    await world.converge();

    expect(await world.get()).toBeUndefined();
    expect(world.phases(bottle)).toEqual({});
  });

  it("starts a killed agent again", async () => {
    const bottle = await running();
    world.advance(60_000);
    world.put(bottle, "agent", "exited");

    await world.converge();

    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("does not start an agent that ends at once over and over without a pause", async () => {
    const bottle = await running();
    world.put(bottle, "agent", "exited");

    expect(await world.pass()).toMatchObject({ kind: "wait", afterMs: 1_000 });
    expect(world.phases(bottle)).toMatchObject({ agent: "exited" });

    await world.converge();
    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("does not touch another bottle", async () => {
    const bottle = await running();
    const other = await world.apply(hosts("other.example"), "b2");
    await world.converge("b2");
    expect(world.takeCalls().filter((call) => call.includes(bottle.metadata.uid))).toEqual([]);

    await world.delete("b2");
    await world.converge("b2");

    expect(world.phases(other)).toEqual({});
    expect(world.phases(bottle)).toEqual(RUNNING);
    expect(world.volumes(bottle)).toEqual(["home", "sockets", "mirrors"]);
  });
});
