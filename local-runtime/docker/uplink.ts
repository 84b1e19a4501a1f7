import type { NetworkInspectInfo } from "dockerode";
import { SandboxConflictError } from "../../reconcilers/contract/errors.ts";
import { LABELS } from "../../reconcilers/shared/naming.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { unlessStatus } from "./engine-errors.ts";
import { hasLabels } from "./labels.ts";

/**
 * The one network by which the sidecars of all bottles of an instance reach the world, and never each other.
 *
 * It is made when it is first needed and made again when somebody removed it.
 */
export class Uplink {
  readonly name: string;
  readonly #connection: EngineConnection;
  readonly #labels: Readonly<Record<string, string>>;
  /** set while the network is known to be there, or being made */
  #ready: Promise<void> | undefined;

  constructor(connection: EngineConnection, instance: string) {
    this.name = `bb-${instance}-uplink`;
    this.#connection = connection;
    this.#labels = { [LABELS.instance]: instance };
  }

  async ensure(signal: AbortSignal): Promise<void> {
    this.#ready ??= this.#make(signal);
    try {
      await this.#ready;
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }

  /** asks the engine again at the next `ensure` */
  forget(): void {
    this.#ready = undefined;
  }

  /** succeeds when there is none; false when something still uses it */
  async remove(signal: AbortSignal): Promise<boolean> {
    this.forget();
    const found = await this.#find(signal);
    if (found === undefined || !hasLabels(found.Labels, this.#labels)) return true;
    const removed = await this.#connection.call(signal, (docker, options) =>
      unlessStatus(
        [403, 409],
        docker
          .getNetwork(found.Id)
          .remove(options)
          .then(() => true),
      ),
    );
    return removed ?? false;
  }

  async #make(signal: AbortSignal): Promise<void> {
    const found = await this.#find(signal);
    if (found !== undefined) return this.#verify(found);
    await this.#connection.call(signal, (docker, options) =>
      unlessStatus(
        [409],
        docker.createNetwork({
          Name: this.name,
          // Names of networks are not unique to the engine.
          CheckDuplicate: true,
          Driver: "bridge",
          Options: { "com.docker.network.bridge.enable_icc": "false" },
          Labels: this.#labels,
          ...options,
        }),
      ),
    );
    const made = await this.#find(signal);
    if (made !== undefined) this.#verify(made);
  }

  #verify(network: NetworkInspectInfo): void {
    const isolated = network.Options?.["com.docker.network.bridge.enable_icc"] === "false";
    if (!isolated || !hasLabels(network.Labels, this.#labels)) throw new SandboxConflictError(this.name);
  }

  #find(signal: AbortSignal): Promise<NetworkInspectInfo | undefined> {
    return this.#connection.call(signal, (docker) =>
      unlessStatus([404], docker.getNetwork(this.name).inspect()),
    );
  }
}
