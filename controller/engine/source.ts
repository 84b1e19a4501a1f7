import type { ApiObject } from "../../crds/metadata.ts";
import type { ResourceDefinition } from "../../crds/resources.ts";
import { ApiUnavailableError, ExpiredError } from "../../reconcilers/contract/errors.ts";
import type { ResourceClient, WatchEvent } from "../../reconcilers/contract/resource-client.ts";
import { exponentialBackoff, type Random } from "./backoff.ts";
import { sleep, type Clock } from "./clock.ts";
import { Known, type ChangeHandler } from "./known.ts";
import type { Logger } from "./logger.ts";

const PAGE = 500;
const WATCH_SECONDS = 300;
/** beyond the time after which the server should have ended the watch: the connection is dead */
const SILENCE_MS = 30_000;
const RELIST_MS = 30 * 60_000;
/** a watch that ended sooner and said nothing counts as a failure, or it would be opened again without a pause */
const TOO_SHORT_MS = 1_000;

/** What a source reads and whom it tells. */
export interface SourceOptions<T extends ApiObject> {
  readonly client: ResourceClient;
  readonly of: ResourceDefinition<T>;
  readonly handler: ChangeHandler<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** called after each list that was read to its end */
  readonly onSynced?: (() => void) | undefined;
}

/**
 * Tells a handler of every object of a kind and of every change, until
 * `signal` is aborted; never rejects. Whatever the server does, errors, broken
 * streams or forgotten history, it comes back with a growing pause, and a
 * fresh list is compared with what was seen, by uid.
 */
export async function runSource<T extends ApiObject>(
  options: SourceOptions<T>,
  signal: AbortSignal,
): Promise<void> {
  await new Source(options, signal).run();
}

class Source<T extends ApiObject> {
  readonly #options: SourceOptions<T>;
  readonly #signal: AbortSignal;
  readonly #known: Known<T>;
  readonly #backoff;
  /** where the next watch goes on; undefined when a list must be read first */
  #version: string | undefined;
  #relistAt = 0;
  #failures = 0;

  constructor(options: SourceOptions<T>, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#known = new Known(options.handler, options.logger, options.of.plural);
    this.#backoff = exponentialBackoff({ firstMs: 500, mostMs: 30_000, random: options.random });
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        if (this.#version === undefined || this.#now() >= this.#relistAt) this.#version = await this.#list();
        await this.#watch(this.#version);
        this.#failures = 0;
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  /** All pages, then one comparison: half a list says nothing about what is gone. */
  async #list(): Promise<string> {
    const { client, of, clock } = this.#options;
    const items: T[] = [];
    let next: string | undefined;
    for (;;) {
      const page = await client.list(of, { limit: PAGE, continue: next }, this.#signal);
      items.push(...page.items);
      next = page.continue;
      if (next !== undefined) continue;
      this.#known.replace(items);
      this.#relistAt = clock.now().getTime() + this.#jittered(RELIST_MS);
      this.#options.onSynced?.();
      return page.resourceVersion;
    }
  }

  async #watch(version: string): Promise<void> {
    const { client, of, clock } = this.#options;
    const timeoutSeconds = Math.round(this.#jittered(WATCH_SECONDS));
    const silence = new AbortController();
    const cancel = clock.after(timeoutSeconds * 1000 + SILENCE_MS, () =>
      silence.abort(new ApiUnavailableError("the watch did not end in its time")),
    );
    const startedAt = this.#now();
    let heard = false;
    try {
      const signal = AbortSignal.any([this.#signal, silence.signal]);
      for await (const event of client.watch(of, { resourceVersion: version, timeoutSeconds }, signal)) {
        heard = true;
        this.#take(event);
      }
    } finally {
      cancel();
    }
    if (heard || this.#now() - startedAt >= TOO_SHORT_MS) return;
    throw new ApiUnavailableError("the server ended the watch at once");
  }

  #take(event: WatchEvent<T>): void {
    this.#failures = 0;
    if (event.type === "BOOKMARK") {
      this.#version = event.resourceVersion;
      return;
    }
    this.#version = event.object.metadata.resourceVersion;
    if (event.type === "DELETED") this.#known.remove(event.object);
    else this.#known.put(event.object);
  }

  async #recover(error: unknown): Promise<void> {
    if (this.#signal.aborted) return;
    const { of, clock, logger } = this.#options;
    if (error instanceof ExpiredError) this.#version = undefined;
    this.#failures += 1;
    // history that was compacted away is nothing unusual: the first time the list follows at once
    if (error instanceof ExpiredError && this.#failures === 1) {
      logger.debug({ resource: of.plural }, "watch expired, listing again");
      return;
    }
    const afterMs = this.#backoff(this.#failures);
    logger.warn({ resource: of.plural, afterMs, err: error }, "cannot follow changes, trying again");
    await sleep(clock, afterMs, this.#signal);
  }

  /** 80 to 100 per cent, so that the watches of all kinds do not end together */
  #jittered(whole: number): number {
    return whole * (1 - this.#options.random() / 5);
  }

  #now(): number {
    return this.#options.clock.now().getTime();
  }
}
