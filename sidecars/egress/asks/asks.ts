import { randomUUID } from "node:crypto";
import type { Clock } from "../../shared/clock.ts";
import type { PendingAsk } from "../../wire/control.ts";
import type { Denial } from "../denial.ts";

/** different questions that wait at one moment */
const MOST_ASKS = 32;
/** requests that wait for an answer, those of one question together */
const MOST_WAITING = 128;

/** What is asked about. */
export type Question = Omit<PendingAsk, "id" | "since" | "waiting">;

/** How a question ended. */
export type AskEnd = { readonly kind: "allowed" } | { readonly kind: "denied"; readonly denial: Denial };

interface Ask {
  readonly key: string;
  readonly question: Question;
  readonly since: string;
  readonly waiting: Set<(end: AskEnd) => void>;
  readonly cancel: () => void;
}

export interface Waiting {
  readonly end: Promise<AskEnd>;
  /** waits no longer; `end` stays open unless it has come */
  leave(): void;
}

/**
 * The requests that wait for somebody's answer. Those of one key are one
 * question. Bounded in number; nothing of a request is held but its head, which
 * was read already.
 */
export class Asks {
  readonly #clock: Clock;
  readonly #open = new Map<string, Ask>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Questions that are open, oldest first. */
  get pending(): PendingAsk[] {
    return [...this.#open].map(([id, { question, since, waiting }]) => ({
      id,
      ...question,
      since,
      waiting: waiting.size,
    }));
  }

  /**
   * Asks, or joins who asked the same: `key` is all of what is asked for, which the question shows in part. It is kept
   * in memory and told nobody. Undefined when too many wait already.
   */
  wait(question: Question, key: string, seconds: number): Waiting | undefined {
    const waiting = [...this.#open.values()].reduce((sum, ask) => sum + ask.waiting.size, 0);
    if (waiting >= MOST_WAITING) return undefined;
    const id = this.#idOf(key) ?? this.#ask({ question, key }, seconds);
    const ask = id === undefined ? undefined : this.#open.get(id);
    if (id === undefined || ask === undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<AskEnd>();
    ask.waiting.add(resolve);
    const leave = (): void => {
      ask.waiting.delete(resolve);
      if (ask.waiting.size === 0) this.#end(id, undefined);
    };
    return { end: promise, leave };
  }

  /** Answers a question, for all who wait for it. Throws, and quotes nothing, when it is not open. */
  answer(id: string, verdict: "allow" | "deny"): void {
    if (!this.#open.has(id)) {
      throw new Error("no such question is open: it was answered, or nobody waits any more");
    }
    const because = "somebody was asked, and said no";
    this.#end(
      id,
      verdict === "allow" ? { kind: "allowed" } : { kind: "denied", denial: { code: "AskDenied", because } },
    );
  }

  #idOf(key: string): string | undefined {
    return [...this.#open].find(([, ask]) => ask.key === key)?.[0];
  }

  #ask(asked: Pick<Ask, "question" | "key">, seconds: number): string | undefined {
    if (this.#open.size >= MOST_ASKS) return undefined;
    const id = randomUUID();
    const because = `nobody answered within ${seconds} seconds whether this may pass`;
    const cancel = this.#clock.after(seconds * 1000, () =>
      this.#end(id, { kind: "denied", denial: { code: "AskTimedOut", because } }),
    );
    this.#open.set(id, { ...asked, since: this.#clock.now().toISOString(), waiting: new Set(), cancel });
    return id;
  }

  #end(id: string, end: AskEnd | undefined): void {
    const ask = this.#open.get(id);
    this.#open.delete(id);
    ask?.cancel();
    if (end !== undefined) for (const resolve of ask?.waiting ?? []) resolve(end);
  }
}
