import { agents, bottleClasses, bottles, type ResourceDefinition } from "../../crds/resources.ts";
import { secrets, type Secret } from "../../crds/core.ts";
import type { ApiObject } from "../../crds/metadata.ts";
import type { Reconciler } from "../../reconcilers/contract/reconciler.ts";
import type { ObjectRef, ResourceClient } from "../../reconcilers/contract/resource-client.ts";
import { anyShare, exponentialBackoff } from "./backoff.ts";
import { sleep, type Clock } from "./clock.ts";
import { runControlLoop } from "./control-loop.ts";
import { followHints, type Hints } from "./hints.ts";
import type { ChangeHandler } from "./known.ts";
import type { Logger } from "./logger.ts";
import { runSource } from "./source.ts";
import { Waking } from "./waking.ts";
import { WorkQueue } from "./work-queue.ts";

/** Passes at a time; each may wait for an engine. */
const WORKERS = 12;
/** Every Bottle is looked at this often even when nothing was heard of it: hints may be missed. */
export const RESYNC_MS = 5 * 60_000;
/** Kinds whose changes are followed. */
const FOLLOWED: readonly string[] = [bottles, bottleClasses, agents, secrets].map(({ plural }) => plural);
/** The one key of the sweep. */
const SWEEP_KEY = "/sweep";

/** What the controller of Bottles is made of. */
export interface BottleControllerOptions {
  readonly client: ResourceClient;
  readonly reconciler: Reconciler;
  /** finds what no Bottle owns; its request is always the same, and how often it runs is its own answer */
  readonly sweep: Reconciler;
  readonly hints: Hints;
  readonly clock: Clock;
  readonly logger: Logger;
  /** told of each Secret that is gone, so that its values are dropped */
  readonly onSecretGone: (uid: string) => void;
}

/** Runs the passes of all Bottles. */
export interface BottleController {
  /** runs until `signal` is aborted; resolves when all passes in flight have ended; never rejects */
  run(signal: AbortSignal): Promise<void>;
  /** resolves when every kind was read once */
  readonly synced: Promise<void>;
  /** brings a new value of a Secret to the Bottles that use it */
  secretRenewed(ref: ObjectRef): void;
}

/** Follows Bottles, what they are made from and what their runtime says, and runs a pass for each Bottle that it may concern. */
export function createBottleController(options: BottleControllerOptions): BottleController {
  return new Controller(options);
}

class Controller implements BottleController {
  readonly synced: Promise<void>;
  readonly #options: BottleControllerOptions;
  readonly #queue: WorkQueue;
  readonly #sweeps: WorkQueue;
  readonly #waking: Waking;
  readonly #unread = new Set(FOLLOWED);
  readonly #onAllRead: () => void;

  constructor(options: BottleControllerOptions) {
    this.#options = options;
    const backoff = exponentialBackoff({ firstMs: 250, mostMs: 60_000, random: anyShare });
    this.#queue = new WorkQueue(options.clock, backoff);
    this.#sweeps = new WorkQueue(options.clock, backoff);
    this.#waking = new Waking({
      wake: (key) => this.#queue.add(key),
      onBottleGone: () => this.#sweeps.add(SWEEP_KEY),
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#onAllRead = resolve;
  }

  secretRenewed(ref: ObjectRef): void {
    this.#waking.secretRenewed(ref);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, hints, reconciler, sweep } = this.#options;
    const shared = { clock, logger, random: anyShare };
    const onHint = (uid: string): void => this.#wakeOwner(uid);
    const onGap = (): void => this.#wakeAll();
    this.#sweeps.add(SWEEP_KEY);
    await Promise.all([
      this.#follow(bottles, this.#waking.bottles, signal),
      this.#follow(bottleClasses, this.#waking.classes, signal),
      this.#follow(agents, this.#waking.agents, signal),
      this.#follow(secrets, this.#forgettingSecrets(), signal),
      followHints({ ...shared, hints, onHint, onGap }, signal),
      this.#resync(signal),
      runControlLoop({ ...shared, reconciler, queue: this.#queue, workers: WORKERS }, signal),
      runControlLoop({ ...shared, reconciler: sweep, queue: this.#sweeps, workers: 1 }, signal),
    ]);
  }

  #follow<T extends ApiObject>(
    of: ResourceDefinition<T>,
    handler: ChangeHandler<T>,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, clock, logger } = this.#options;
    const onSynced = (): void => {
      if (this.#unread.delete(of.plural) && this.#unread.size === 0) this.#onAllRead();
    };
    return runSource({ client, of, handler, clock, random: anyShare, logger, onSynced }, signal);
  }

  #forgettingSecrets(): ChangeHandler<Secret> {
    const { changed, gone } = this.#waking.secrets;
    return {
      changed,
      gone: (seen) => {
        this.#options.onSecretGone(seen.uid);
        gone(seen);
      },
    };
  }

  #wakeOwner(uid: string): void {
    const key = this.#waking.keyOfUid(uid);
    // no Bottle has it: something that nobody owns has moved
    if (key === undefined) this.#sweeps.add(SWEEP_KEY);
    else this.#queue.add(key);
  }

  #wakeAll(): void {
    for (const key of this.#waking.keys) this.#queue.add(key);
    this.#sweeps.add(SWEEP_KEY);
  }

  async #resync(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.#options.clock, RESYNC_MS * (1 - anyShare() / 5), signal);
      if (signal.aborted) return;
      this.#wakeAll();
    }
  }
}
