/** An image that the product builds itself, or one that a spec names. */
export type WantedImage =
  | { readonly kind: "airlock" | "sidecars" }
  /** the image of a provider, by its name and the fixed version of its CLI */
  | { readonly kind: "provider"; readonly provider: string; readonly version: string }
  | { readonly kind: "reference"; readonly reference: string }
  | { readonly kind: "dockerfile"; readonly path: string };

export type ImageState =
  /** `id` is immutable; sandboxes are created from it */
  | { readonly kind: "present"; readonly id: string }
  | { readonly kind: "building"; readonly step: string }
  /** `lastLines` of the build, for people */
  | { readonly kind: "failed"; readonly lastLines: string }
  /** not there and nothing here can build it */
  | { readonly kind: "missing" };

/** Where images come from. Builds run in the background: a pass looks, it never waits. */
export interface ImageStore {
  /** starts a build when the image can be built and is not there; a failed one is tried again after a pause */
  ensure(image: WantedImage, signal: AbortSignal): Promise<ImageState>;
}
