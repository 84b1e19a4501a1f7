import type { Clock } from "./clock.ts";

/** How much may be spent at once, and how fast it comes back. */
export interface BudgetLimits {
  readonly burst: number;
  readonly perSecond: number;
}

/** What may be spent, which grows back with time. */
export class Budget {
  readonly #limits: BudgetLimits;
  readonly #clock: Clock;
  #left: number;
  #last: number;

  constructor(limits: BudgetLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#left = limits.burst;
    this.#last = clock.elapsedMs();
  }

  isSpent(): boolean {
    const now = this.#clock.elapsedMs();
    const { burst, perSecond } = this.#limits;
    this.#left = Math.min(burst, this.#left + ((now - this.#last) / 1000) * perSecond);
    this.#last = now;
    return this.#left < 1;
  }

  spend(): void {
    this.#left -= 1;
  }
}
