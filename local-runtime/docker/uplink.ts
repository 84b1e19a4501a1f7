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
    const own = (await this.#list(signal)).filter(({ Labels }) => hasLabels(Labels, this.#labels));
    const removed = await Promise.all(own.map(({ Id }) => this.#removeUnused(Id, signal)));
    return removed.every((isGone) => isGone);
  }

  async #make(signal: AbortSignal): Promise<void> {
    const [found, ...twins] = await this.#list(signal);
    if (found !== undefined) return this.#settle(found, twins, signal);
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
    const [made, ...others] = await this.#list(signal);
    if (made !== undefined) await this.#settle(made, others, signal);
  }

  /** Two that were made at one moment have one name, by which the engine then finds neither. */
  async #settle(
    network: NetworkInspectInfo,
    twins: readonly NetworkInspectInfo[],
    signal: AbortSignal,
  ): Promise<void> {
    for (const each of [network, ...twins]) this.#verify(each);
    for (const { Id } of twins) {
      if (!(await this.#removeUnused(Id, signal))) throw new SandboxConflictError(this.name);
    }
  }

  #verify(network: NetworkInspectInfo): void {
    const isolated = network.Options?.["com.docker.network.bridge.enable_icc"] === "false";
    if (!isolated || !hasLabels(network.Labels, this.#labels)) throw new SandboxConflictError(this.name);
  }

  /** All of this name, those in use and then the oldest first: whoever looks keeps the same one. */
  async #list(signal: AbortSignal): Promise<readonly NetworkInspectInfo[]> {
    const filters = { name: [this.name] };
    const listed = await this.#connection.call(signal, (docker, options) =>
      docker.listNetworks({ filters, ...options }),
    );
    const found = await Promise.all(
      listed
        // the engine's filter takes parts of names
        .filter(({ Name }) => Name === this.name)
        .map(({ Id }) =>
          this.#connection.call(signal, (docker) => unlessStatus([404], docker.getNetwork(Id).inspect())),
        ),
    );
    return found
      .filter((network) => network !== undefined)
      .toSorted((a, b) => usersOf(b) - usersOf(a) || (a.Created < b.Created ? -1 : 1));
  }

  /** False when something still uses it. */
  async #removeUnused(id: string, signal: AbortSignal): Promise<boolean> {
    const removed = await this.#connection.call(signal, (docker, options) =>
      unlessStatus(
        [403, 409],
        unlessStatus([404], docker.getNetwork(id).remove(options)).then(() => true),
      ),
    );
    return removed ?? false;
  }
}

const usersOf = ({ Containers }: NetworkInspectInfo): number => Object.keys(Containers ?? {}).length;
