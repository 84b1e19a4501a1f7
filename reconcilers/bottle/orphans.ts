import { bottles } from "../../crds/resources.ts";
import type { Pass, Reconciler } from "../contract/reconciler.ts";
import type { ResourceClient } from "../contract/resource-client.ts";
import type { Result } from "../contract/result.ts";
import type { RuntimeInventory, SandboxRuntime } from "../contract/sandbox-runtime.ts";

/** An owner that no Bottle has is left alone this long: a controller that is behind must not end live work. */
export const ORPHAN_GRACE_MS = 60_000;
const SWEEP_AGAIN_MS = 30_000;

/**
 * Removes the sandboxes of this instance whose Bottle does not exist.
 *
 * A home is never removed here: a lost database makes every owner unknown, and
 * the work of all agents would go with it. Only the deletion of a Bottle, or a
 * person, removes a home.
 */
export function createOrphanSweep(dependencies: {
  readonly client: ResourceClient;
  readonly runtime: SandboxRuntime;
}): Reconciler {
  return new OrphanSweep(dependencies.client, dependencies.runtime);
}

class OrphanSweep implements Reconciler {
  readonly name = "orphans";
  readonly #client: ResourceClient;
  readonly #runtime: SandboxRuntime;
  /** when an owner was first found to be unknown */
  readonly #unknownSince = new Map<string, Date>();

  constructor(client: ResourceClient, runtime: SandboxRuntime) {
    this.#client = client;
    this.#runtime = runtime;
  }

  /** The request is always the same and is not looked at. */
  async reconcile(_request: unknown, pass: Pass): Promise<Result> {
    // in this order: a Bottle that is made in between owns nothing that was listed before
    const inventory = await this.#runtime.list(pass.signal);
    const { items } = await this.#client.list(bottles, {}, pass.signal);
    const known = new Set(items.map(({ metadata: { uid } }) => uid));
    const ends = await Promise.allSettled(
      this.#overdue(unknownOwners(inventory, known), pass.now).map((uid) =>
        this.#remove(uid, inventory, pass),
      ),
    );
    const failed = ends.find((end) => end.status === "rejected");
    if (failed !== undefined) return { kind: "retry", error: failed.reason };
    return { kind: "wait", afterMs: SWEEP_AGAIN_MS, reason: "Watching" };
  }

  /** of the owners that are unknown now, those that have been so for the grace time */
  #overdue(unknown: ReadonlySet<string>, now: Date): string[] {
    for (const uid of this.#unknownSince.keys()) if (!unknown.has(uid)) this.#unknownSince.delete(uid);
    return [...unknown].filter((uid) => {
      const since = this.#unknownSince.get(uid) ?? now;
      this.#unknownSince.set(uid, since);
      return now.getTime() - since.getTime() >= ORPHAN_GRACE_MS;
    });
  }

  /** the agent first, so that it never runs without its sidecars */
  async #remove(ownerUid: string, { sandboxes, volumes }: RuntimeInventory, { signal }: Pass): Promise<void> {
    const mine = sandboxes.filter(({ owner }) => owner.uid === ownerUid);
    const isAgent = ({ role }: { readonly role: string }): boolean => role === "agent";
    for (const { name } of [...mine.filter(isAgent), ...mine.filter((sandbox) => !isAgent(sandbox))]) {
      await this.#runtime.remove(name, signal);
    }
    for (const { name, owner, role } of volumes) {
      if (owner.uid === ownerUid && role !== "home") await this.#runtime.removeVolume(name, signal);
    }
  }
}

function unknownOwners({ sandboxes, volumes }: RuntimeInventory, known: ReadonlySet<string>): Set<string> {
  const removable = [...sandboxes, ...volumes.filter(({ role }) => role !== "home")];
  return new Set(removable.map(({ owner }) => owner.uid).filter((uid) => !known.has(uid)));
}
