import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DockerImageEngine } from "../../local-runtime/docker/image-engine.ts";
import { EngineConnection } from "../../local-runtime/docker/index.ts";
import { createImageStore, findProductRoot } from "../../local-runtime/images/index.ts";
import type { LocalImageStore } from "../../local-runtime/images/index.ts";
import type { ImageState, WantedImage } from "../../reconcilers/contract/image-store.ts";

/** The machine's own engine. */
export const connection = new EngineConnection({ socketPath: "/var/run/docker.sock", callTimeoutMs: 30_000 });
export const engine = new DockerImageEngine(connection);

/** Shared by all tests of a user, so that images are built once. */
export const CACHE = join(homedir(), ".cache", "bot-bottle");

export const aStore = (options: { cacheFolder?: string; debianImage?: string } = {}): LocalImageStore =>
  createImageStore({ engine, productRoot: findProductRoot(), cacheFolder: CACHE, ...options });

/** Looks until the image is there or cannot be had; every state that was seen. */
export async function settled(
  store: LocalImageStore,
  image: WantedImage,
  signal: AbortSignal = AbortSignal.timeout(540_000),
): Promise<{ readonly last: ImageState; readonly steps: readonly string[] }> {
  const steps: string[] = [];
  for (;;) {
    const last = await store.ensure(image, signal);
    if (last.kind !== "building") return { last, steps };
    if (last.step !== steps.at(-1)) steps.push(last.step);
    await delay(20, undefined, { signal });
  }
}

/** The id of one of the product's images, built when it is missing. */
export async function builtImage(image: WantedImage): Promise<string> {
  const store = aStore();
  try {
    const { last } = await settled(store, image);
    if (last.kind !== "present") throw new Error(`no image: ${JSON.stringify(last)}`);
    return last.id;
  } finally {
    await store.close();
  }
}

export const CLAUDE: WantedImage = { kind: "provider", provider: "claude", version: "2.1.197" };
