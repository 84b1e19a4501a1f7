import { RuntimeUnavailableError } from "../../reconcilers/contract/errors.ts";
import type {
  ProvisionedFile,
  SandboxPhase,
  SandboxSpec,
  VolumeSpec,
} from "../../reconcilers/contract/sandbox-runtime.ts";
import type { RemoteReport } from "../../sidecars/wire/git-policy.ts";
import { FakeSidecars } from "./fake-sidecars.ts";

/** A sandbox as the engine keeps it; a recreate under the same name is another object with another id. */
export interface FakeSandbox {
  readonly spec: SandboxSpec;
  readonly instance: string;
  readonly id: string;
  readonly files: Map<string, ProvisionedFile>;
  /** process 1 of a sidecars sandbox; its memory lasts from one start to the next stop */
  sidecars: FakeSidecars | undefined;
  phase: SandboxPhase;
  startedAt: Date | undefined;
  exitCode: number | undefined;
  joinedId: string | undefined;
  /** network namespace it sits in; each start of an airlock makes a new one */
  namespaceId: string | undefined;
}

export interface FakeVolume {
  readonly spec: VolumeSpec;
  readonly instance: string;
  readonly files: Map<string, ProvisionedFile>;
  /** an agent has run with it: it may hold links that a tar would follow */
  hasLived: boolean;
}

/** One call of a runtime, such as `start bb-1-agent`. */
export type EngineObserver = (call: string, moment: "before" | "midway" | "after") => void;

/**
 * The machine under FakeRuntime: what is on it outlives any runtime object, as
 * a real engine outlives the controller. Tests break it here.
 */
export class FakeEngine {
  readonly sandboxes = new Map<string, FakeSandbox>();
  readonly volumes = new Map<string, FakeVolume>();
  readonly images = new Set<string>();
  /** agents for which files were put into a home that had lived; must stay empty */
  readonly livedHomesWritten: string[] = [];
  /** calls in order, for the few tests that are about order */
  readonly calls: string[] = [];
  /** sees every call before and after it took effect; what it throws is thrown to the caller */
  observer: EngineObserver | undefined;
  /** the engine answers nothing */
  isDown = false;
  /** the sidecars read and never answer */
  sidecarsAreSilent = false;
  /** the probe's request gets no answer, as when the airlock has no connection left */
  linkIsStarved = false;
  /** what git-gate says of remotes, by name; it says that others are ready when they have what they need */
  readonly remoteReports = new Map<string, Omit<RemoteReport, "name">>();
  /** what a probe finds in the agent's namespace beside the link */
  foreign: { readonly interfaces: readonly string[]; readonly listeners: readonly number[] } = {
    interfaces: [],
    listeners: [],
  };
  readonly #now: () => Date;
  readonly #hints = new Set<(ownerUid: string) => void>();
  #lastTime = 0;
  #count = 0;

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
  }

  /** runs `effect` as one call of the engine */
  call<T>(name: string, effect: () => T): T {
    this.calls.push(name);
    this.observer?.(name, "before");
    if (this.isDown) throw new RuntimeUnavailableError("the engine does not answer");
    const result = effect();
    this.observer?.(name, "after");
    return result;
  }

  /** where a call that is not atomic on real engines may be cut: made, and not yet provisioned */
  midway(name: string): void {
    this.observer?.(name, "midway");
  }

  homeOf({ mounts }: SandboxSpec): FakeVolume | undefined {
    return mounts
      .map(({ volume }) => this.volumes.get(volume))
      .find((volume) => volume?.spec.role === "home");
  }

  nextId(): string {
    this.#count += 1;
    return `id-${this.#count}`;
  }

  /** strictly growing, so that of two starts one is the younger */
  time(): Date {
    this.#lastTime = Math.max(this.#now().getTime(), this.#lastTime + 1);
    return new Date(this.#lastTime);
  }

  startProcess(sandbox: FakeSandbox, namespaceId: string): void {
    const home = this.homeOf(sandbox.spec);
    if (home !== undefined) home.hasLived = true;
    sandbox.phase = "running";
    sandbox.startedAt = this.time();
    sandbox.exitCode = undefined;
    sandbox.namespaceId = namespaceId;
    sandbox.sidecars?.boot();
    this.hint(sandbox.spec.owner.uid);
  }

  endProcess(sandbox: FakeSandbox, exitCode: number): void {
    if (sandbox.phase !== "running" && sandbox.phase !== "paused") return;
    sandbox.phase = "exited";
    sandbox.exitCode = exitCode;
    sandbox.sidecars?.die();
    this.hint(sandbox.spec.owner.uid);
  }

  /** SIGKILL of process 1 from outside, in any state; nothing happens to what does not run */
  kill(name: string): void {
    const sandbox = this.sandboxes.get(name);
    if (sandbox !== undefined) this.endProcess(sandbox, 137);
  }

  /** the sandbox is gone, as after `docker rm -f` by somebody else */
  vanish(name: string): void {
    this.kill(name);
    this.sandboxes.delete(name);
  }

  newSidecars(): FakeSidecars {
    return new FakeSidecars(() => this.sidecarsAreSilent, this.remoteReports);
  }

  hint(ownerUid: string): void {
    for (const listener of this.#hints) listener(ownerUid);
  }

  onHint(listener: (ownerUid: string) => void): () => void {
    this.#hints.add(listener);
    return () => this.#hints.delete(listener);
  }
}
