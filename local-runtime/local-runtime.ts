import type { ImageStore, WantedImage } from "../reconcilers/contract/image-store.ts";
import type { SandboxExec, SandboxLogs } from "../reconcilers/contract/sandbox-exec.ts";
import type { LinkProbe, SandboxRuntime } from "../reconcilers/contract/sandbox-runtime.ts";
import type { OutsideContainer, OutsideSpec } from "./docker/outside-container.ts";
import type { ImageFacts } from "./images/image-engine.ts";
import type { SidecarControl } from "../reconcilers/contract/sidecar-control.ts";

/** An ImageStore that can say what it has. */
export interface MachineImages extends ImageStore {
  /** whether it is there; starts no build */
  has(image: WantedImage, signal: AbortSignal): Promise<boolean>;
  list(signal: AbortSignal): Promise<readonly ImageFacts[]>;
  /** of those, what other versions of the product left under the names of these images */
  superseded(images: readonly WantedImage[], signal: AbortSignal): Promise<readonly ImageFacts[]>;
  /** removes a reference; succeeds when it is absent, or stays because a container uses it */
  remove(reference: string, signal: AbortSignal): Promise<void>;
}

/** Programs that play hosts outside of all bottles. */
export interface OutsideWorld {
  start(spec: OutsideSpec, signal: AbortSignal): Promise<OutsideContainer>;
  /** removes all of them, also those of a process that was killed; succeeds when there is none */
  remove(signal: AbortSignal): Promise<void>;
}

/** All that a machine can do for bottles. */
export interface LocalRuntime {
  readonly runtime: SandboxRuntime;
  readonly probe: LinkProbe;
  readonly control: SidecarControl;
  readonly exec: SandboxExec;
  readonly logs: SandboxLogs;
  readonly images: MachineImages;
  /** removes what no bottle owns alone, such as the sidecars' network; false when a bottle still uses it */
  removeShared(signal: AbortSignal): Promise<boolean>;
  /** plays hosts outside of all bottles, for the demonstration and for tests; absent where nothing can */
  readonly outside?: OutsideWorld | undefined;
  /** names of all that this machine still has of the instance */
  remains(signal: AbortSignal): Promise<readonly string[]>;
  /** ends what goes on in the background, such as builds */
  close(): Promise<void>;
}

export interface RuntimeChoice {
  readonly runtime: "docker" | "fake";
  readonly dockerSocket: string;
  /** mark of what is ours to touch */
  readonly instance: string;
  readonly cacheDir: string;
  readonly extraCaFile?: string | undefined;
}
