import type {
  Owner,
  SandboxRole,
  SandboxRuntime,
  SandboxSpec,
  SandboxState,
} from "../../../reconcilers/contract/sandbox-runtime.ts";
import { anOwner, aSandboxSpec, aVolumeSpec } from "../../builders.ts";
import type { SandboxRuntimeHarness } from "./harness.ts";

const SOCKETS_PATH = "/run/bb";
export const HOME_PATH = "/home/node";
export const AGENT = { uid: 1000, gid: 1000 };
export const ROOT = { uid: 0, gid: 0 };

export interface CreatedBottle {
  readonly owner: Owner;
  readonly airlock: SandboxSpec;
  readonly agent: SandboxSpec;
}

/** What the parts of the suite share: a harness, a runtime of its own instance, and bottles made with it. */
export class SandboxRuntimeKit {
  readonly instance = `contract-${anOwner().uid}`;
  readonly otherInstance = `contract-${anOwner().uid}`;
  readonly signal = new AbortController().signal;
  #harness: SandboxRuntimeHarness | undefined;
  #runtime: SandboxRuntime | undefined;

  async open(createHarness: () => Promise<SandboxRuntimeHarness>): Promise<void> {
    this.#harness = await createHarness();
    this.#runtime = await this.#harness.createRuntime(this.instance);
  }

  close = (): Promise<void> => this.harness.cleanup([this.instance, this.otherInstance]);

  get harness(): SandboxRuntimeHarness {
    if (this.#harness === undefined) throw new Error("the suite is not open");
    return this.#harness;
  }

  get runtime(): SandboxRuntime {
    if (this.#runtime === undefined) throw new Error("the suite is not open");
    return this.#runtime;
  }

  aSpec(owner: Owner, role: SandboxRole, fields: Partial<SandboxSpec> = {}): SandboxSpec {
    const { images, command } = this.harness;
    const home = { volume: aVolumeSpec(owner, "home").name, path: HOME_PATH, readOnly: false };
    const sockets = {
      volume: aVolumeSpec(owner, "sockets").name,
      path: SOCKETS_PATH,
      readOnly: role === "airlock",
    };
    return aSandboxSpec(owner, role, {
      image: images[role],
      ...(command?.[role] === undefined ? {} : { command: command[role] }),
      mounts: [role === "agent" ? home : sockets],
      ...fields,
    });
  }

  /** volumes, airlock and agent of a new bottle, created and not started */
  async aCreatedBottle(fields: Partial<SandboxSpec> = {}): Promise<CreatedBottle> {
    const owner = anOwner();
    await Promise.all([
      this.runtime.createVolume(aVolumeSpec(owner, "home"), this.signal),
      this.runtime.createVolume(aVolumeSpec(owner, "sockets"), this.signal),
      this.runtime.createVolume(aVolumeSpec(owner, "mirrors"), this.signal),
    ]);
    const airlock = this.aSpec(owner, "airlock");
    const agent = this.aSpec(owner, "agent", { joins: airlock.name, ...fields });
    await this.runtime.create(airlock, this.signal);
    await this.runtime.create(agent, this.signal);
    return { owner, airlock, agent };
  }

  async aRunningBottle(): Promise<CreatedBottle> {
    const bottle = await this.aCreatedBottle();
    await this.runtime.start(bottle.airlock.name, this.signal);
    await this.runtime.start(bottle.agent.name, this.signal);
    return bottle;
  }

  async stateOf(spec: SandboxSpec): Promise<SandboxState | undefined> {
    const { sandboxes } = await this.runtime.listOf(spec.owner.uid, this.signal);
    return sandboxes.find(({ name }) => name === spec.name);
  }

  phaseOf = async (spec: SandboxSpec) => (await this.stateOf(spec))?.phase;
}
