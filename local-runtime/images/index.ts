import type { BuilderOptions } from "./image-builder.ts";
import { systemClock } from "./clock.ts";
import { LocalImageStore } from "./image-store.ts";
import { createSources } from "./sources.ts";

export { findProductRoot } from "./product-root.ts";
export { LocalImageStore } from "./image-store.ts";
export { NPM_PACKAGES } from "./npm-packages.ts";

/** What an image store is made with; the registry's name of Debian's image has a default. */
export type ImageStoreOptions = Omit<BuilderOptions, "clock" | "debianImage"> &
  Partial<Pick<BuilderOptions, "debianImage">>;

/** The image store of a machine's engine. Close it, or a build goes on. */
export function createImageStore(options: ImageStoreOptions): LocalImageStore {
  const { engine } = options;
  const sourceOf = createSources({ debianImage: "debian:trixie-slim", ...options, clock: systemClock });
  return new LocalImageStore({ engine, sourceOf, clock: systemClock });
}
