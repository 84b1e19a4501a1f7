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
  VolumeSpec,
} from "../../reconcilers/contract/sandbox-runtime.ts";
import { provisioningArchive } from "./archive.ts";
import { containerOptions } from "./container-options.ts";
import type { NetworkPlace } from "./container-options.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { messageOf, statusOf, unlessStatus } from "./engine-errors.ts";
import { hasLabels, MAKE_LABEL } from "./labels.ts";
import { findOwn, listOwn } from "./own-containers.ts";
import type { OwnContainer } from "./own-containers.ts";
import { ownerHints } from "./owner-hints.ts";
import { Uplink } from "./uplink.ts";
import { Volumes } from "./volumes.ts";

/** Sandboxes as containers of one Docker engine. */
export class DockerRuntime implements SandboxRuntime {
  readonly name = "docker";
  readonly #connection: EngineConnection;
  readonly #instance: string;
  readonly #volumes: Volumes;
  readonly #uplink: Uplink;
  /** ids of containers that this process has provisioned */
  readonly #provisioned = new Set<string>();

  constructor(connection: EngineConnection, instance: string) {
    this.#connection = connection;
    this.#instance = instance;
    this.#volumes = new Volumes(connection, instance);
    this.#uplink = new Uplink(connection, instance);
  }

  async probe(signal: AbortSignal): Promise<RuntimeCapabilities> {
    await this.#connection.call(signal, (docker) => docker.ping());
    // Other runtimes of the engine, such as gVisor, do not share a loopback between containers: no link, so none is offered.
    return { isolation: "container", enforcesEgress: true, pausesSandboxes: true, runtimeClasses: [] };
  }

  list(signal: AbortSignal): Promise<RuntimeInventory> {
    return this.#inventory(undefined, signal);
  }

  listOf(ownerUid: string, signal: AbortSignal): Promise<RuntimeInventory> {
    return this.#inventory(ownerUid, signal);
  }

  createVolume(spec: VolumeSpec, signal: AbortSignal): Promise<void> {
    return this.#volumes.create(spec, signal);
  }

  removeVolume(name: string, signal: AbortSignal): Promise<void> {
    return this.#volumes.remove(name, signal);
  }

  async create(spec: SandboxSpec, signal: AbortSignal): Promise<void> {
    const place = await this.#prepare(spec, signal);
    const options = containerOptions(spec, this.#instance, place);
    const id =
      (await this.#createContainer(spec, options, signal)) ?? (await this.#adopt(spec, options, signal));
    if (id === undefined || this.#provisioned.has(id)) return;
    const archive = await provisioningArchive(spec);
    if (archive !== undefined) {
      await this.#connection.call(signal, (docker, call) =>
        docker.getContainer(id).putArchive(archive, { path: "/", ...call }),
      );
    }
    this.#provisioned.add(id);
  }

  async start(name: string, signal: AbortSignal): Promise<void> {
    const { state } = await this.#get(name, signal);
    if (state.phase === "running") return;
    if (state.phase === "paused") throw new SandboxNotFoundError(`${name} is paused`);
    if (state.role === "sidecars") await this.#uplink.ensure(signal);
    try {
      await this.#connection.call(signal, (docker, options) =>
        unlessStatus([304], docker.getContainer(state.id).start(options)),
      );
    } catch (error) {
      this.#uplink.forget();
      if (isLostTask(error)) return this.#giveUp(name, error, signal);
      if (isJoinFailure(error)) throw new SandboxNotFoundError(messageOf(error), { cause: error });
      throw error;
    }
  }

  /**
   * An engine that was killed in the middle of a start no longer knows of the process that its containerd runs under
   * this container's id, and no start of this container can succeed: only another one, with an id of its own.
   */
  async #giveUp(name: string, cause: unknown, signal: AbortSignal): Promise<never> {
    await this.remove(name, signal);
    throw new SandboxNotFoundError(`${name} could not be started any more and was removed`, { cause });
  }

  async stop(name: string, { graceMs }: { readonly graceMs: number }, signal: AbortSignal): Promise<void> {
    const { state } = await this.#get(name, signal);
    if (state.phase === "created" || state.phase === "exited") return;
    await this.#connection.call(
      signal,
      (docker, options) =>
        unlessStatus(
          [304, 404],
          docker.getContainer(state.id).stop({ t: Math.ceil(graceMs / 1000), ...options }),
        ),
      graceMs,
    );
  }

  async pause(name: string, signal: AbortSignal): Promise<void> {
    const { state } = await this.#getAlive(name, signal);
    if (state.phase === "paused") return;
    await this.#connection.call(signal, (docker, options) => docker.getContainer(state.id).pause(options));
  }

  async unpause(name: string, signal: AbortSignal): Promise<void> {
    const { state } = await this.#getAlive(name, signal);
    if (state.phase === "running") return;
    await this.#connection.call(signal, (docker, options) => docker.getContainer(state.id).unpause(options));
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    const container = await findOwn(this.#connection, this.#instance, name, signal);
    if (container === undefined) return;
    const { id } = container.state;
    // v: volumes that an image asks for by itself; ours have names and stay.
    await this.#connection.call(signal, (docker, options) =>
      unlessStatus([404], docker.getContainer(id).remove({ force: true, v: true, ...options })),
    );
    this.#provisioned.delete(id);
  }

  watch(signal: AbortSignal): AsyncIterable<{ readonly ownerUid: string }> {
    return ownerHints(this.#connection, this.#instance, signal);
  }

  /** Removes what this instance made for all its bottles; false when a bottle still uses it. */
  removeUplink(signal: AbortSignal): Promise<boolean> {
    return this.#uplink.remove(signal);
  }

  async #inventory(ownerUid: string | undefined, signal: AbortSignal): Promise<RuntimeInventory> {
    const [containers, volumes] = await Promise.all([
      listOwn(this.#connection, this.#instance, ownerUid, signal),
      this.#volumes.list(ownerUid, signal),
    ]);
    return {
      sandboxes: containers.map(({ state }) => state).sort(byName),
      volumes: [...volumes].sort(byName),
    };
  }

  /** What must be there before a create, which would otherwise make or accept something else in its place. */
  async #prepare(spec: SandboxSpec, signal: AbortSignal): Promise<NetworkPlace> {
    if (spec.runtimeClassName !== undefined) throw new Error("Docker offers no runtime classes here");
    const [joined] = await Promise.all([
      spec.joins === undefined ? undefined : this.#get(spec.joins, signal),
      spec.role === "sidecars" ? this.#uplink.ensure(signal) : undefined,
      this.#volumes.verify(spec.mounts, spec.owner.uid, signal),
    ]);
    return { uplink: this.#uplink.name, joinedId: joined?.state.id };
  }

  /** The new container's id; undefined when the name is taken. */
  async #createContainer(
    spec: SandboxSpec,
    options: ReturnType<typeof containerOptions>,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    // dockerode would put all options into the query, too, unless the two are told apart like this.
    const request = { _query: { name: spec.name }, _body: options };
    try {
      const container = await this.#connection.call(signal, (docker, call) =>
        unlessStatus([409], docker.createContainer({ ...request, ...call } as typeof options)),
      );
      return container?.id;
    } catch (error) {
      if (statusOf(error) === 404) throw new ImageMissingError(spec.image, { cause: error });
      throw error;
    }
  }

  /** The id of an existing container that may need provisioning; undefined for one that has lived. */
  async #adopt(
    spec: SandboxSpec,
    options: ReturnType<typeof containerOptions>,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const existing = await findOwn(this.#connection, this.#instance, spec.name, signal);
    if (existing === undefined || !isMadeAs(existing, options)) throw new SandboxConflictError(spec.name);
    return existing.state.startedAt === undefined ? existing.state.id : undefined;
  }

  async #get(name: string, signal: AbortSignal): Promise<OwnContainer> {
    const container = await findOwn(this.#connection, this.#instance, name, signal);
    if (container === undefined) throw new SandboxNotFoundError(`there is no sandbox ${name}`);
    return container;
  }

  async #getAlive(name: string, signal: AbortSignal): Promise<OwnContainer> {
    const container = await this.#get(name, signal);
    const { phase } = container.state;
    if (phase !== "running" && phase !== "paused") throw new SandboxNotFoundError(`${name} does not run`);
    return container;
  }
}

/** The engine lists in no order. */
const byName = (one: { readonly name: string }, other: { readonly name: string }): number =>
  one.name < other.name ? -1 : 1;

/** The labels hold owner, role, spec and make; the joined container is in none of them. */
function isMadeAs(existing: OwnContainer, options: ReturnType<typeof containerOptions>): boolean {
  const { Labels = {}, HostConfig } = options;
  return (
    Labels[MAKE_LABEL] !== undefined &&
    hasLabels(existing.labels, Labels) &&
    existing.inspected.HostConfig.NetworkMode === HostConfig?.NetworkMode
  );
}

/** "cannot join network of a non running container", "No such container": the engine has no status of its own for it. */
function isJoinFailure(error: unknown): boolean {
  return /cannot join network of a non running container|No such container/i.test(messageOf(error));
}

/** Whether a start failed because containerd still has a task of that container, which the engine lost sight of. */
function isLostTask(error: unknown): boolean {
  return statusOf(error) === 500 && /task \S+: already exists/.test(messageOf(error));
}
