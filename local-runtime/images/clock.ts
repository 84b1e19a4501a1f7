import { setTimeout as delay } from "node:timers/promises";

/** Time as the image store sees it; tests bring their own. */
export interface Clock {
  /** milliseconds */
  now(): number;
  /** rejects when `signal` is aborted */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal });
  },
};
