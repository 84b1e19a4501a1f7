import { exponentialBackoff, type Random } from "./backoff.ts";
import { sleep, type Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";

/** Owners whose sandboxes may have changed, until the stream ends. */
export type Hints = (signal: AbortSignal) => AsyncIterable<{ readonly ownerUid: string }>;

/**
 * Passes on the hints of a runtime until `signal` is aborted; never rejects. A
 * stream that ends or breaks is opened again after a growing pause, and
 * `onGap` is told: what happened meanwhile was not seen.
 */
export async function followHints(
  options: {
    readonly hints: Hints;
    readonly onHint: (ownerUid: string) => void;
    readonly onGap: () => void;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
  },
  signal: AbortSignal,
): Promise<void> {
  const { hints, onHint, onGap, clock, random, logger } = options;
  const backoff = exponentialBackoff({ firstMs: 500, mostMs: 30_000, random });
  let failures = 0;
  while (!signal.aborted) {
    let err: unknown;
    try {
      for await (const { ownerUid } of hints(signal)) {
        failures = 0;
        onHint(ownerUid);
      }
    } catch (error) {
      err = error;
    }
    if (signal.aborted) return;
    failures += 1;
    const afterMs = backoff(failures);
    logger.warn({ afterMs, err }, "hints of the runtime ended, following them again");
    await sleep(clock, afterMs, signal);
    onGap();
  }
}
