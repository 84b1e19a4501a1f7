/** The parts of a bottle: the agent, its sidecars, and the airlock that holds the link between them. */
export const SANDBOX_ROLES = ["airlock", "sidecars", "agent"] as const;
export type SandboxRole = (typeof SANDBOX_ROLES)[number];

/**
 * `home` is the agent's; `sockets` is the link; `mirrors` is git-gate's copy of upstreams, which it can make anew. Home
 * and mirrors survive suspend.
 */
export const VOLUME_ROLES = ["home", "sockets", "mirrors"] as const;
export type VolumeRole = (typeof VOLUME_ROLES)[number];

/** The object that a part belongs to. */
export interface Owner {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

/** What one runtime can promise. A spec that asks for more is refused before create. */
export interface RuntimeCapabilities {
  readonly isolation: "container" | "microVm";
  /** whether the runtime itself denies every way out but the link */
  readonly enforcesEgress: boolean;
  readonly pausesSandboxes: boolean;
  /** names of runtime classes, such as runsc */
  readonly runtimeClasses: readonly string[];
}

/** One file that is in the sandbox before it starts. Never a credential. */
export interface ProvisionedFile {
  /** absolute; parents below `home` are made for the agent's user */
  readonly path: string;
  readonly content: string;
  /** of the content; text when absent */
  readonly encoding?: "base64" | undefined;
  /** permission bits */
  readonly mode: number;
  readonly owner: { readonly uid: number; readonly gid: number };
}

export interface VolumeSpec {
  readonly name: string;
  readonly owner: Owner;
  readonly role: VolumeRole;
}

export interface VolumeMount {
  readonly volume: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/**
 * A wanted sandbox. How it is hardened follows from its role and is the
 * adapter's affair; nothing here is a secret.
 */
export interface SandboxSpec {
  /** deterministic, unique on the machine */
  readonly name: string;
  readonly owner: Owner;
  readonly role: SandboxRole;
  /** over everything in this spec but itself and `homeFiles` */
  readonly specHash: string;
  /** immutable image id */
  readonly image: string;
  /** the image's own when absent */
  readonly command?: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly VolumeMount[];
  /** sandbox whose network namespace this one joins; it must be created before */
  readonly joins?: string | undefined;
  readonly resources: { readonly cpus: number; readonly memoryBytes: number; readonly pids: number };
  readonly runtimeClassName?: string | undefined;
  /** written outside the home at create, always */
  readonly files: readonly ProvisionedFile[];
  /** written into the home at create, only while the home is new: a home that has lived may hold links */
  readonly homeFiles?: readonly ProvisionedFile[] | undefined;
}

export type SandboxPhase = "created" | "running" | "paused" | "exited";

export interface SandboxState {
  readonly name: string;
  readonly owner: Owner;
  readonly role: SandboxRole;
  readonly specHash: string;
  /** the engine's own id: another one after a recreate under the same name */
  readonly id: string;
  readonly phase: SandboxPhase;
  /** absent until it was started once */
  readonly startedAt?: Date | undefined;
  /** only when phase is exited */
  readonly exitCode?: number | undefined;
  /** id of the sandbox whose namespace it joined */
  readonly joinedId?: string | undefined;
}

export interface VolumeState {
  readonly name: string;
  readonly owner: Owner;
  readonly role: VolumeRole;
}

/** Everything of this instance, orphans included. */
export interface RuntimeInventory {
  readonly sandboxes: readonly SandboxState[];
  readonly volumes: readonly VolumeState[];
}

/**
 * Runs sandboxes on one machine.
 *
 * Every method may be called again after a crash: `create` of an equal spec,
 * `start` of a running, `stop` of a stopped and `remove` of an absent sandbox
 * succeed. Every method throws RuntimeUnavailableError when the engine cannot
 * be reached or does not answer in time. Only what carries this instance's
 * mark is ever touched. No type of the engine underneath appears here.
 */
export interface SandboxRuntime {
  readonly name: "docker" | "smolvm" | "kubernetes" | "fake";
  probe(signal: AbortSignal): Promise<RuntimeCapabilities>;
  list(signal: AbortSignal): Promise<RuntimeInventory>;
  /** the parts of one bottle, seen now */
  listOf(ownerUid: string, signal: AbortSignal): Promise<RuntimeInventory>;
  /** throws SandboxConflictError when the name is taken by something that is not this volume */
  createVolume(spec: VolumeSpec, signal: AbortSignal): Promise<void>;
  /** succeeds when there is none */
  removeVolume(name: string, signal: AbortSignal): Promise<void>;
  /**
   * Creates and provisions. When the sandbox exists it is verified instead: image, mounts, joined namespace, user and
   * capabilities must be what this call would have made. One that was never started is provisioned again, unless this
   * process knows that it is provisioned; one that has lived keeps its files. So `create` before `start` is always safe,
   * after a crash too, and cheap when there is nothing to do. Throws SandboxConflictError when the name is taken by
   * another spec, owner or make; ImageMissingError; SandboxNotFoundError when the sandbox that it joins does not exist.
   */
  create(spec: SandboxSpec, signal: AbortSignal): Promise<void>;
  /** throws SandboxNotFoundError when it, or a running sandbox to join, is not there */
  start(name: string, signal: AbortSignal): Promise<void>;
  /** ends a paused one too; throws SandboxNotFoundError when it does not exist */
  stop(name: string, options: { readonly graceMs: number }, signal: AbortSignal): Promise<void>;
  /** throws SandboxNotFoundError when it does not exist or does not run */
  pause(name: string, signal: AbortSignal): Promise<void>;
  /** throws SandboxNotFoundError when it does not exist or does not run */
  unpause(name: string, signal: AbortSignal): Promise<void>;
  /** removes it in any state, paused included; its volumes stay */
  remove(name: string, signal: AbortSignal): Promise<void>;
  /** owners that may have changed; a hint with no state, and allowed to miss some */
  watch(signal: AbortSignal): AsyncIterable<{ readonly ownerUid: string }>;
}

/** What was seen from inside the agent's network namespace, by our own image. */
export interface LinkReport {
  /** interfaces other than loopback; must be empty */
  readonly foreignInterfaces: readonly string[];
  /** ports of the link that are not held by the airlock's own user; must be empty */
  readonly foreignListeners: readonly number[];
  /** whether the request with the nonce was answered; the sidecars' report has the last word */
  readonly answered: boolean;
  /** the airlock as it was found right before: the rest speaks of this run of it, or of a later one */
  readonly airlock: SandboxState;
}

export interface ProbeRequest {
  /** 32 hexadecimal digits */
  readonly nonce: string;
  /** how long to wait for an airlock or sidecars that still start, in milliseconds */
  readonly patienceMs: number;
}

/** Looks at the link from the agent's side. */
export interface LinkProbe {
  /** sends the nonce through egress:9099; trusts nothing in the agent's image; throws SandboxNotFoundError */
  probeLink(airlock: string, request: ProbeRequest, signal: AbortSignal): Promise<LinkReport>;
}
