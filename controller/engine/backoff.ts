import { randomInt } from "node:crypto";

/** The pause before another attempt, by the number of failures in a row; the first is 1. */
export type Backoff = (failures: number) => number;

/** A share of 0 up to 1, another one at each call. */
export type Random = () => number;

/** Random without a seed. */
export const anyShare: Random = () => randomInt(0, 2 ** 32) / 2 ** 32;

/**
 * Doubles from `firstMs` up to `mostMs`; a random part of up to a half is taken
 * off, so that what failed together does not come back together.
 */
export function exponentialBackoff(options: {
  readonly firstMs: number;
  readonly mostMs: number;
  readonly random: Random;
}): Backoff {
  return (failures) => {
    const whole = Math.min(options.firstMs * 2 ** (failures - 1), options.mostMs);
    return Math.round(whole * (1 - options.random() / 2));
  };
}
