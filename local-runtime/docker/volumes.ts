import type { VolumeInspectInfo } from "dockerode";
import { SandboxConflictError, SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import type { VolumeMount, VolumeSpec, VolumeState } from "../../reconcilers/contract/sandbox-runtime.ts";
import { LABELS } from "../../reconcilers/shared/naming.ts";
import { LINK_UID } from "./container-options.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { unlessStatus } from "./engine-errors.ts";
import { hasLabels, labelFilter, ownerOf, volumeLabels, volumeRoleOf } from "./labels.ts";

/** A folder in memory that nobody but the airlock's and sidecars' user can enter. */
const SOCKETS_OPTIONS = {
  type: "tmpfs",
  device: "tmpfs",
  o: `size=1m,uid=${LINK_UID},gid=${LINK_UID},mode=0700,nosuid,nodev,noexec`,
};

/** The volumes of one instance. */
export class Volumes {
  readonly #connection: EngineConnection;
  readonly #instance: string;

  constructor(connection: EngineConnection, instance: string) {
    this.#connection = connection;
    this.#instance = instance;
  }

  /** throws SandboxConflictError when the name holds another volume, for a create on a taken name returns that */
  async create(spec: VolumeSpec, signal: AbortSignal): Promise<void> {
    const DriverOpts = spec.role === "sockets" ? SOCKETS_OPTIONS : {};
    const Labels = { ...volumeLabels(spec, this.#instance) };
    await this.#connection.call(signal, (docker, options) =>
      docker.createVolume({ Name: spec.name, Driver: "local", DriverOpts, Labels, ...options }),
    );
    const volume = await this.#find(spec.name, signal);
    if (
      volume === undefined ||
      !hasLabels(volume.Labels, Labels) ||
      !hasLabels(volume.Options ?? {}, DriverOpts)
    ) {
      throw new SandboxConflictError(spec.name);
    }
  }

  /** throws SandboxNotFoundError or SandboxConflictError unless each is a volume of `ownerUid`: a mount would make it */
  async verify(mounts: readonly VolumeMount[], ownerUid: string, signal: AbortSignal): Promise<void> {
    const wanted = { [LABELS.instance]: this.#instance, [LABELS.uid]: ownerUid };
    await Promise.all(
      mounts.map(async ({ volume }) => {
        const found = await this.#find(volume, signal);
        if (found === undefined) throw new SandboxNotFoundError(`there is no volume ${volume}`);
        if (!hasLabels(found.Labels, wanted)) throw new SandboxConflictError(volume);
      }),
    );
  }

  async list(ownerUid: string | undefined, signal: AbortSignal): Promise<readonly VolumeState[]> {
    const { Volumes: listed } = await this.#connection.call(signal, (docker, options) =>
      docker.listVolumes({ filters: labelFilter(this.#instance, ownerUid), ...options }),
    );
    return (listed ?? []).flatMap(({ Name: name, Labels }) => {
      const [owner, role] = [ownerOf(Labels), volumeRoleOf(Labels)];
      return owner === undefined || role === undefined ? [] : [{ name, owner, role }];
    });
  }

  /** leaves a volume of somebody else alone */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    const found = await this.#find(name, signal);
    if (!hasLabels(found?.Labels, { [LABELS.instance]: this.#instance })) return;
    await this.#connection.call(signal, (docker, options) =>
      unlessStatus([404], docker.getVolume(name).remove(options)),
    );
  }

  #find(name: string, signal: AbortSignal): Promise<VolumeInspectInfo | undefined> {
    return this.#connection.call(signal, (docker, options) =>
      unlessStatus([404], docker.getVolume(name).inspect(options)),
    );
  }
}
