import { describe, expect, it, onTestFinished } from "vitest";
import { createBottleController, systemClock, type Clock } from "../../controller/engine/index.ts";
import { RESYNC_MS } from "../../controller/engine/bottle-controller.ts";
import { createInProcessClient } from "../../controller/store/index.ts";
import { secrets } from "../../crds/core.ts";
import { agents, bottleClasses, bottles } from "../../crds/resources.ts";
import type { Pass, Request } from "../../reconcilers/contract/reconciler.ts";
import type { Result } from "../../reconcilers/contract/result.ts";
import { aDraft, aLogger, aStore, ManualClock, ref } from "./store-kit.ts";

const API_VERSION = "bot-bottle.dev/v1alpha1" as const;

/** A controller on a store; what it ran is in `passes` and `sweeps`. */
function aController(
  reconcile: (request: Request, pass: Pass) => Promise<Result> | Result = () => ({ kind: "settled" }),
  clock: Clock = systemClock,
) {
  const store = aStore(clock);
  const { logger, lines } = aLogger();
  const passes: string[] = [];
  const goneSecrets: string[] = [];
  let sweeps = 0;
  const hinted: ((uid: string) => void)[] = [];
  async function* hints(signal: AbortSignal) {
    for (;;) {
      const ownerUid = await new Promise<string | undefined>((resolve) => {
        hinted.push(resolve);
        signal.addEventListener("abort", () => resolve(undefined), { once: true });
      });
      if (ownerUid === undefined) return;
      yield { ownerUid };
    }
  }
  const controller = createBottleController({
    client: createInProcessClient(store, clock),
    reconciler: {
      name: "bottle",
      reconcile: async (request, pass) => {
        passes.push(`${request.namespace}/${request.name}`);
        return await reconcile(request, pass);
      },
    },
    sweep: {
      name: "sweep",
      reconcile: async () => {
        sweeps += 1;
        return { kind: "settled" };
      },
    },
    ...{ hints, clock, logger, onSecretGone: (uid: string) => void goneSecrets.push(uid) },
  });
  const stop = new AbortController();
  const start = () => {
    const ended = controller.run(stop.signal);
    onTestFinished(async () => {
      stop.abort();
      await ended;
    });
    return ended;
  };
  /** what ran since the last call */
  const ran = () => passes.splice(0).toSorted();
  const hint = (uid: string) => hinted.shift()?.(uid);
  return {
    store,
    controller,
    start,
    stop,
    ran,
    passes,
    hint,
    hinted,
    lines,
    goneSecrets,
    sweeps: () => sweeps,
  };
}

describe("createBottleController", () => {
  it("runs a pass for every Bottle there is, and for each change", async () => {
    const world = aController();
    world.store.create(bottles, aDraft("a"));
    world.store.create(bottles, aDraft("b"));
    void world.start();
    await world.controller.synced;
    await expect.poll(() => world.passes.toSorted()).toEqual(["default/a", "default/b"]);
    world.ran();
    world.store.create(bottles, aDraft("c"));
    await expect.poll(() => world.passes).toEqual(["default/c"]);
    world.store.delete(bottles, ref("a"), {});
    await expect.poll(() => world.passes).toEqual(["default/c", "default/a"]);
  });

  it("wakes a Bottle by what it is made from", async () => {
    const world = aController();
    const { store } = world;
    store.create(bottles, aDraft("stranger"));
    store.create(bottles, aDraft("a", {}, { agentRef: { name: "worker" } }));
    void world.start();
    await world.controller.synced;
    await expect.poll(() => world.ran()).toEqual(["default/a", "default/stranger"]);
    const made = (create: () => unknown) => async () => {
      create();
      await expect.poll(() => world.ran()).toEqual(["default/a"]);
    };
    await made(() =>
      store.create(agents, {
        apiVersion: API_VERSION,
        kind: "Agent",
        metadata: ref("worker"),
        spec: { classRef: { name: "child" } },
      }),
    )();
    const aClass = (name: string, spec: object) => ({
      apiVersion: API_VERSION,
      kind: "BottleClass" as const,
      metadata: { name },
      spec,
    });
    await made(() => store.create(bottleClasses, aClass("child", { extends: "parent" })))();
    const credentialRef = { name: "claude", key: "token" };
    await made(() =>
      store.create(bottleClasses, aClass("parent", { provider: { name: "claude", credentialRef } })),
    )();
    await made(() => store.create(secrets, { apiVersion: "v1", kind: "Secret", metadata: ref("claude") }))();
    const { uid } = store.get(secrets, ref("claude"))?.metadata ?? {};
    await made(() => store.delete(secrets, ref("claude"), {}))();
    expect(world.goneSecrets).toEqual([uid]);
  });

  it("wakes the owner that a hint names, and the sweep when nobody has that uid", async () => {
    const world = aController();
    const { metadata } = world.store.create(bottles, aDraft("a"));
    void world.start();
    await world.controller.synced;
    await expect.poll(() => world.ran()).toEqual(["default/a"]);
    await expect.poll(() => world.sweeps()).toBe(1);
    world.hint(metadata.uid);
    await expect.poll(() => world.passes).toEqual(["default/a"]);
    await expect.poll(() => world.hinted.length).toBe(1);
    world.hint("7d9b7c1e-0000-4000-8000-000000000000");
    await expect.poll(() => world.sweeps()).toBe(2);
    expect(world.passes).toEqual(["default/a"]);
  });

  it("looks at every Bottle again after a while, heard of or not", async () => {
    const clock = new ManualClock();
    const world = aController(undefined, clock);
    world.store.create(bottles, aDraft("a"));
    void world.start();
    await world.controller.synced;
    await expect.poll(() => world.ran()).toEqual(["default/a"]);
    clock.advance(RESYNC_MS);
    await expect.poll(() => world.passes).toEqual(["default/a"]);
  });

  it("goes on with the others when one Bottle's passes throw", async () => {
    const world = aController(({ name }) => {
      if (name === "bad") throw new Error("bad bottle");
      return { kind: "settled" };
    });
    world.store.create(bottles, aDraft("bad"));
    void world.start();
    await expect.poll(() => world.lines("pass failed").length).toBeGreaterThan(0);
    world.store.create(bottles, aDraft("good"));
    await expect.poll(() => world.passes).toContain("default/good");
    await expect.poll(() => world.lines("pass failed").length).toBeGreaterThan(1);
  });

  it("waits on shutdown for the passes in flight, which can still write", async () => {
    const world: ReturnType<typeof aController> = aController(async ({ name }, { signal }) => {
      if (name !== "slow") return { kind: "settled" };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await new Promise((resolve) => setImmediate(resolve));
      world.store.updateStatus(bottles, { ...aDraft("slow"), status: { provider: "claude" } });
      return { kind: "settled" };
    });
    world.store.create(bottles, aDraft("slow"));
    const ended = world.start();
    await expect.poll(() => world.passes).toEqual(["default/slow"]);
    world.stop.abort();
    await ended;
    expect(world.store.get(bottles, ref("slow"))?.status).toEqual({ provider: "claude" });
  });

  it("is not held up by a reader of the store that does not read", async () => {
    const world = aController();
    const slow = world.store.watch(bottles, { resourceVersion: world.store.resourceVersion });
    const reader = slow[Symbol.asyncIterator]();
    void world.start();
    await world.controller.synced;
    for (let index = 0; index < 500; index += 1) world.store.create(bottles, aDraft(`b${index}`));
    await expect.poll(() => new Set(world.passes).size, { timeout: 10_000 }).toBe(500);
    expect((await reader.next()).value).toMatchObject({ object: { metadata: { name: "b0" } } });
    slow.close();
  });
});
