/** Time and timers, so that tests can bring their own. */
export interface Clock {
  now(): Date;
  /** milliseconds on a clock that never goes back */
  elapsedMs(): number;
  /** calls back once, and does not keep the process alive; returns what cancels it */
  after(delayMs: number, act: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
  after(delayMs, act) {
    const timer = setTimeout(act, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
