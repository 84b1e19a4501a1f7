import { setTimeout as delay } from "node:timers/promises";

/** Waits, unless `signal` ends it. */
export async function waitMs(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal });
}
