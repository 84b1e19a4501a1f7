import type { Clock } from "../shared/clock.ts";

/** Where the time of an exchange goes. */
export class Times {
  readonly #clock: Clock;
  #scanMs = 0;
  #sentAt: number | undefined;
  #upstreamMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** spent on looking for secrets */
  get scanMs(): number {
    return rounded(this.#scanMs);
  }

  /** from the sending of the head to the head of the answer; undefined when there was none */
  get upstreamMs(): number | undefined {
    return this.#upstreamMs === undefined ? undefined : rounded(this.#upstreamMs);
  }

  /** whether anything of it was sent to the upstream */
  get isSent(): boolean {
    return this.#sentAt !== undefined;
  }

  /** Counts the time of a look. */
  scan<T>(look: () => T): T {
    const start = this.#clock.elapsedMs();
    try {
      return look();
    } finally {
      this.#scanMs += this.#clock.elapsedMs() - start;
    }
  }

  /** The same for one that takes turns with others. */
  async scanSlowly<T>(look: () => Promise<T>): Promise<T> {
    const start = this.#clock.elapsedMs();
    try {
      return await look();
    } finally {
      this.#scanMs += this.#clock.elapsedMs() - start;
    }
  }

  sent(): void {
    this.#sentAt = this.#clock.elapsedMs();
  }

  answered(): void {
    if (this.#sentAt !== undefined) this.#upstreamMs ??= this.#clock.elapsedMs() - this.#sentAt;
  }
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;
