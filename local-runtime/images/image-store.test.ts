import { describe, expect, it } from "vitest";
import { RuntimeUnavailableError } from "../../reconcilers/contract/errors.ts";
import { ImageBuildError } from "./image-engine.ts";
import type { ImageEngine, ImageFacts } from "./image-engine.ts";
import { LocalImageStore, PAUSE_MS } from "./image-store.ts";
import type { Source } from "./image-store.ts";

const signal = new AbortController().signal;
const wanted = { kind: "sidecars" } as const;

const factsOf = (id: string): ImageFacts => ({ id, references: [], sizeBytes: 1, createdAt: new Date(0) });

/** A store over a map of images, with one source whose builds the test ends by hand. */
function aWorld() {
  const images = new Map<string, string>();
  const builds: { say: (step: string) => void; end: (error?: Error) => void; signal: AbortSignal }[] = [];
  const world = { images, builds, now: 0, reference: "bot-bottle/sidecars:1", foreign: false, gone: false };
  const engine = {
    find: (reference: string) => {
      if (world.gone) return Promise.reject(new RuntimeUnavailableError("gone"));
      const id = images.get(reference);
      return Promise.resolve(id === undefined ? undefined : factsOf(id));
    },
    list: () =>
      Promise.resolve([...images].map(([reference, id]) => ({ ...factsOf(id), references: [reference] }))),
    remove: (reference: string) => Promise.resolve(void images.delete(reference)),
  } satisfies Partial<ImageEngine> as unknown as ImageEngine;
  const obtain: Source["obtain"] = (say, building) =>
    new Promise((resolve, reject) => {
      const { reference } = world;
      const end = (error?: Error): void => {
        if (error !== undefined) return reject(error);
        images.set(reference, `id of ${reference}`);
        resolve();
      };
      building.addEventListener("abort", () => end(new Error("aborted")));
      builds.push({ say, end, signal: building });
    });
  const store = new LocalImageStore({
    engine,
    clock: { now: () => world.now, sleep: () => Promise.reject(new Error("the store never sleeps")) },
    sourceOf: () =>
      Promise.resolve({ name: "sidecars", reference: world.reference, foreign: world.foreign, obtain }),
  });
  const look = () => store.ensure(wanted, signal);
  return Object.assign(world, { store, look });
}

/** Lets everything that can go on go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("LocalImageStore", () => {
  it("gives the immutable id of an image that is there", async () => {
    const world = aWorld();
    world.images.set("bot-bottle/sidecars:1", "sha256:abc");
    expect(await world.look()).toEqual({ kind: "present", id: "sha256:abc" });
    expect(world.builds).toHaveLength(0);
  });

  it("builds in the background, one at a time, and says the step", async () => {
    const world = aWorld();
    expect(await world.look()).toEqual({ kind: "building", step: "starting" });
    await settle();
    world.builds[0]?.say("Step 2/4 : COPY node/ /");
    expect(await world.look()).toEqual({ kind: "building", step: "Step 2/4 : COPY node/ /" });
    expect(world.builds).toHaveLength(1);

    world.builds[0]?.end();
    await settle();
    expect(await world.look()).toEqual({ kind: "present", id: "id of bot-bottle/sidecars:1" });
  });

  it("keeps the last lines of a failed build and tries again after a pause", async () => {
    const world = aWorld();
    await world.look();
    await settle();
    world.builds[0]?.end(new ImageBuildError("E: no such package"));
    await settle();
    world.now = PAUSE_MS - 1;
    expect(await world.look()).toEqual({ kind: "failed", lastLines: "E: no such package" });
    expect(world.builds).toHaveLength(1);

    world.now = PAUSE_MS;
    expect(await world.look()).toMatchObject({ kind: "building" });
    await settle();
    expect(world.builds).toHaveLength(2);
  });

  it("tries a failed build again at once when its inputs changed", async () => {
    const world = aWorld();
    await world.look();
    await settle();
    world.builds[0]?.end(new ImageBuildError("syntax error"));
    await settle();
    world.reference = "bot-bottle/sidecars:2";
    expect(await world.look()).toMatchObject({ kind: "building" });
  });

  it("says that an image is missing when nothing can pull it", async () => {
    const world = aWorld();
    world.foreign = true;
    await world.look();
    await settle();
    world.builds[0]?.end(new ImageBuildError("no such host"));
    await settle();
    expect(await world.look()).toEqual({ kind: "missing" });
  });

  it("blames no image for an engine that went away", async () => {
    const world = aWorld();
    await world.look();
    await settle();
    world.gone = true;
    world.builds[0]?.end(new RuntimeUnavailableError("gone"));
    await settle();
    await expect(world.look()).rejects.toThrow(RuntimeUnavailableError);
    world.gone = false;
    expect(await world.look()).toMatchObject({ kind: "building" });
  });

  it("aborts a build when it is closed and waits for its end", async () => {
    const world = aWorld();
    await world.look();
    await settle();
    await world.store.close();
    expect(world.builds[0]?.signal.aborted).toBe(true);
  });

  it("starts nothing for an image that nothing here can make", async () => {
    const engine = {} as ImageEngine;
    const clock = { now: () => 0, sleep: () => Promise.resolve() };
    const store = new LocalImageStore({ engine, clock, sourceOf: () => Promise.resolve(undefined) });
    expect(await store.ensure(wanted, signal)).toEqual({ kind: "missing" });
  });

  it("tells what other versions left, and nothing that is wanted or of another name", async () => {
    const world = aWorld();
    const all = ["sidecars:0", "sidecars:1", "base:0", "dockerfile:0"].map((each) => `bot-bottle/${each}`);
    for (const reference of [...all, "example.org/sidecars:0"]) world.images.set(reference, "id");
    const references = async () =>
      (await world.store.superseded([wanted], signal)).flatMap((each) => each.references);
    expect(await references()).toEqual(["bot-bottle/sidecars:0"]);

    await world.store.remove("bot-bottle/sidecars:0", signal);
    expect(await references()).toEqual([]);
    expect(world.images.size).toBe(4);
  });
});
