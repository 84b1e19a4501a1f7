import {
  ImageMissingError,
  SandboxConflictError,
  SandboxNotFoundError,
} from "../../reconcilers/contract/errors.ts";
import type {
  RuntimeCapabilities,
  RuntimeInventory,
  SandboxRuntime,
  SandboxSpec,
  SandboxState,
  VolumeSpec,
} from "../../reconcilers/contract/sandbox-runtime.ts";
import type { FakeEngine, FakeSandbox, FakeVolume } from "./fake-engine.ts";

/** SandboxRuntime on a FakeEngine; keeps the whole contract and no state of its own. */
export class FakeRuntime implements SandboxRuntime {
  readonly name = "fake";
  readonly #engine: FakeEngine;
  readonly #instance: string;

  constructor(engine: FakeEngine, instance = "test") {
    this.#engine = engine;
    this.#instance = instance;
  }

  async probe(): Promise<RuntimeCapabilities> {
    return this.#engine.call("probe", () => ({
      isolation: "container",
      enforcesEgress: true,
      pausesSandboxes: true,
      runtimeClasses: [],
    }));
  }

  async list(): Promise<RuntimeInventory> {
    return this.#engine.call("list", () => this.#inventory(() => true));
  }

  async listOf(ownerUid: string): Promise<RuntimeInventory> {
    return this.#engine.call(`listOf ${ownerUid}`, () => this.#inventory((uid) => uid === ownerUid));
  }

  async createVolume(spec: VolumeSpec): Promise<void> {
    this.#engine.call(`createVolume ${spec.name}`, () => {
      const existing = this.#engine.volumes.get(spec.name);
      if (existing === undefined) {
        this.#engine.volumes.set(spec.name, {
          spec,
          instance: this.#instance,
          files: new Map(),
          hasLived: false,
        });
      } else if (!this.#isOurs(existing) || existing.spec.owner.uid !== spec.owner.uid) {
        throw new SandboxConflictError(spec.name);
      }
    });
  }

  async removeVolume(name: string): Promise<void> {
    this.#engine.call(`removeVolume ${name}`, () => {
      const volume = this.#engine.volumes.get(name);
      if (volume !== undefined && this.#isOurs(volume)) this.#engine.volumes.delete(name);
    });
  }

  async create(spec: SandboxSpec): Promise<void> {
    this.#engine.call(`create ${spec.name}`, () => {
      const existing = this.#engine.sandboxes.get(spec.name);
      if (existing === undefined) return this.#provision(this.#make(spec), spec);
      if (!this.#isOurs(existing) || !isSameMake(existing.spec, spec))
        throw new SandboxConflictError(spec.name);
      if (existing.startedAt === undefined) this.#provision(existing, spec);
    });
  }

  async start(name: string): Promise<void> {
    this.#engine.call(`start ${name}`, () => {
      const sandbox = this.#get(name);
      if (sandbox.phase === "running") return;
      if (sandbox.phase === "paused") throw new SandboxNotFoundError(`${name} is paused`);
      this.#engine.startProcess(sandbox, this.#namespaceFor(sandbox));
    });
  }

  async stop(name: string): Promise<void> {
    this.#engine.call(`stop ${name}`, () => this.#engine.endProcess(this.#get(name), 0));
  }

  async pause(name: string): Promise<void> {
    this.#engine.call(`pause ${name}`, () => {
      this.#alive(name).phase = "paused";
    });
  }

  async unpause(name: string): Promise<void> {
    this.#engine.call(`unpause ${name}`, () => {
      this.#alive(name).phase = "running";
    });
  }

  async remove(name: string): Promise<void> {
    this.#engine.call(`remove ${name}`, () => {
      const sandbox = this.#engine.sandboxes.get(name);
      if (sandbox === undefined || !this.#isOurs(sandbox)) return;
      this.#engine.vanish(name);
      this.#engine.hint(sandbox.spec.owner.uid);
    });
  }

  async *watch(signal: AbortSignal): AsyncIterable<{ readonly ownerUid: string }> {
    const waiting: string[] = [];
    let wake = (): void => undefined;
    const close = this.#engine.onHint((ownerUid) => {
      waiting.push(ownerUid);
      wake();
    });
    const onAbort = (): void => wake();
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        const ownerUid = waiting.shift();
        if (ownerUid !== undefined) yield { ownerUid };
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      close();
      signal.removeEventListener("abort", onAbort);
    }
  }

  #inventory(isWanted: (uid: string) => boolean): RuntimeInventory {
    const mine = (thing: FakeSandbox | FakeVolume): boolean =>
      this.#isOurs(thing) && isWanted(thing.spec.owner.uid);
    return {
      sandboxes: [...this.#engine.sandboxes.values()].filter(mine).map(stateOf),
      volumes: [...this.#engine.volumes.values()]
        .filter(mine)
        .map(({ spec: { name, owner, role } }) => ({ name, owner, role })),
    };
  }

  #make(spec: SandboxSpec): FakeSandbox {
    if (!this.#engine.images.has(spec.image)) throw new ImageMissingError(spec.image);
    const sandbox: FakeSandbox = {
      spec,
      instance: this.#instance,
      id: this.#engine.nextId(),
      files: new Map(),
      sidecars: spec.role === "sidecars" ? this.#engine.newSidecars() : undefined,
      phase: "created",
      startedAt: undefined,
      exitCode: undefined,
      joinedId: spec.joins === undefined ? undefined : this.#get(spec.joins).id,
      namespaceId: undefined,
    };
    this.#engine.sandboxes.set(spec.name, sandbox);
    return sandbox;
  }

  #provision(sandbox: FakeSandbox, spec: SandboxSpec): void {
    this.#engine.midway(`create ${spec.name}`);
    for (const file of spec.files) sandbox.files.set(file.path, file);
    const { homeFiles = [] } = spec;
    const home = this.#engine.homeOf(spec);
    if (homeFiles.length > 0 && home?.hasLived === true) this.#engine.livedHomesWritten.push(spec.name);
    for (const file of homeFiles) (home?.files ?? sandbox.files).set(file.path, file);
  }

  #namespaceFor({ joinedId }: FakeSandbox): string {
    if (joinedId === undefined) return this.#engine.nextId();
    const airlock = [...this.#engine.sandboxes.values()].find(({ id }) => id === joinedId);
    if (airlock?.phase !== "running" || airlock.namespaceId === undefined) {
      throw new SandboxNotFoundError("the sandbox to join does not run");
    }
    return airlock.namespaceId;
  }

  #isOurs({ instance }: { readonly instance: string }): boolean {
    return instance === this.#instance;
  }

  #get(name: string): FakeSandbox {
    const sandbox = this.#engine.sandboxes.get(name);
    if (sandbox === undefined || !this.#isOurs(sandbox)) throw new SandboxNotFoundError(`no sandbox ${name}`);
    return sandbox;
  }

  #alive(name: string): FakeSandbox {
    const sandbox = this.#get(name);
    if (sandbox.phase === "running" || sandbox.phase === "paused") return sandbox;
    throw new SandboxNotFoundError(`${name} does not run`);
  }
}

function isSameMake(existing: SandboxSpec, wanted: SandboxSpec): boolean {
  return (
    existing.owner.uid === wanted.owner.uid &&
    existing.role === wanted.role &&
    existing.specHash === wanted.specHash &&
    existing.image === wanted.image
  );
}

/** What a runtime says of a sandbox. */
export function stateOf(sandbox: FakeSandbox): SandboxState {
  const { name, owner, role, specHash } = sandbox.spec;
  const { id, phase, startedAt, exitCode, joinedId } = sandbox;
  return {
    name,
    owner,
    role,
    specHash,
    id,
    phase,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(phase === "exited" && exitCode !== undefined ? { exitCode } : {}),
    ...(joinedId === undefined ? {} : { joinedId }),
  };
}
