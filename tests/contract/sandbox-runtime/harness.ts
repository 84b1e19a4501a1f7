import type { SandboxRole, SandboxRuntime } from "../../../reconcilers/contract/sandbox-runtime.ts";

/** A file as it lies in a sandbox. */
export interface SeenFile {
  readonly content: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What the suite needs of an implementation and the engine under it. */
export interface SandboxRuntimeHarness {
  /** a runtime of `instance` on the one engine under test; another call is a controller after a restart */
  createRuntime(instance: string): Promise<SandboxRuntime>;
  /** a runtime whose engine does not answer */
  createUnreachableRuntime(): Promise<SandboxRuntime>;
  /** image ids; each image's own command, or `command`, keeps running */
  readonly images: Readonly<Record<SandboxRole, string>>;
  readonly command?: Partial<Readonly<Record<SandboxRole, readonly string[]>>>;
  /** SIGKILL of process 1, past the runtime */
  kill(sandbox: string): Promise<void>;
  /** a file of a sandbox in any state, past the runtime; undefined when it is not there */
  readFile(sandbox: string, path: string): Promise<SeenFile | undefined>;
  /** removes everything of these instances, volumes too */
  cleanup(instances: readonly string[]): Promise<void>;
}
