import type { Clock } from "../engine/index.ts";

/** A value is asked for again after this share of its time, and up to a tenth later, so that many do not come at once. */
const FIRST_SHARE = 0.7;
const JITTER_SHARE = 0.1;
/** the longest that a timer can wait: longer times are cut to it */
const LONGEST_TIME_MS = 24 * 24 * 60 * 60_000;
/** between attempts: this share of its time, within these bounds */
const PAUSE_SHARE = 0.05;
const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

/** What is done about a value whose time is limited. */
export interface Renewal {
  /** Asks for a new value, and begins its own time with it; false when there is none to be had now. Never rejects. */
  renew(isCurrent: () => boolean): Promise<boolean>;
  /** The time is over. */
  expire(): void;
}

interface Plan {
  readonly endsAt: number;
  cancelNext: () => void;
  cancelEnd: () => void;
}

/** Renews values before their time is over: tries again when that fails, until it is. */
export class Renewals {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #plans = new Map<string, Plan>();

  /** `random`: 0 to 1 */
  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  has(place: string): boolean {
    return this.#plans.has(place);
  }

  /** Whether the time of a value is over and nobody has been told: timers stand still while a machine sleeps. */
  isOverdue(place: string): boolean {
    const plan = this.#plans.get(place);
    return plan !== undefined && plan.endsAt <= this.#clock.now().getTime();
  }

  /** Begins the time of a value; what was begun for the same place is over. */
  begin(place: string, wholeMs: number, renewal: Renewal): void {
    this.cancel(place);
    const lifetimeMs = Math.min(wholeMs, LONGEST_TIME_MS);
    const plan: Plan = {
      endsAt: this.#clock.now().getTime() + lifetimeMs,
      cancelNext: () => undefined,
      cancelEnd: this.#clock.after(lifetimeMs, () => {
        this.cancel(place);
        renewal.expire();
      }),
    };
    this.#plans.set(place, plan);
    const isCurrent = (): boolean => this.#plans.get(place) === plan;
    const pauseMs = Math.max(SHORTEST_PAUSE_MS, Math.min(LONGEST_PAUSE_MS, lifetimeMs * PAUSE_SHARE));
    const attempt = async (): Promise<void> => {
      const isDone = await renewal.renew(isCurrent);
      if (!isDone && isCurrent()) plan.cancelNext = this.#clock.after(pauseMs, () => void attempt());
    };
    const firstMs = lifetimeMs * (FIRST_SHARE + JITTER_SHARE * this.#random());
    plan.cancelNext = this.#clock.after(firstMs, () => void attempt());
  }

  cancel(place: string): void {
    const plan = this.#plans.get(place);
    this.#plans.delete(place);
    plan?.cancelNext();
    plan?.cancelEnd();
  }

  close(): void {
    for (const place of [...this.#plans.keys()]) this.cancel(place);
  }
}
