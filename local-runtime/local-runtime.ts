import type { ImageStore } from "../reconcilers/contract/image-store.ts";
import type { SandboxExec, SandboxLogs } from "../reconcilers/contract/sandbox-exec.ts";
import type { LinkProbe, SandboxRuntime } from "../reconcilers/contract/sandbox-runtime.ts";
import type { ImageFacts } from "./images/image-engine.ts";
import type { SidecarControl } from "../reconcilers/contract/sidecar-control.ts";

/** An ImageStore that can say what it has. */
export interface MachineImages extends ImageStore {
  list(signal: AbortSignal): Promise<readonly ImageFacts[]>;
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
