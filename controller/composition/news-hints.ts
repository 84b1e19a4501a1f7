import { EventEmitter, on } from "node:events";
import type { Clock } from "../engine/index.ts";

interface Hint {
  readonly ownerUid: string;
}

/** A bottle that has news all the time is looked at this often, and once more when it has ended. */
const PAUSE_MS = 1000;

/**
 * Hints that the audit of a bottle tells what its status should show at once, and not at the next look, such as a push or
 * a budget that is spent; beside those of a runtime.
 */
export class NewsHints {
  readonly #heard = new EventEmitter<{ hint: [string] }>();
  /** bottles that were told of a moment ago, and whether there was more since */
  readonly #recent = new Map<string, boolean>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** may be called as often as there is news */
  tell(ownerUid: string): void {
    if (this.#recent.has(ownerUid)) return void this.#recent.set(ownerUid, true);
    this.#recent.set(ownerUid, false);
    this.#heard.emit("hint", ownerUid);
    this.#clock.after(PAUSE_MS, () => {
      const again = this.#recent.get(ownerUid);
      this.#recent.delete(ownerUid);
      if (again === true) this.tell(ownerUid);
    });
  }

  /** the runtime's and these; ends or breaks when the runtime's do, and with `signal` */
  async *beside(hints: AsyncIterable<Hint>, signal: AbortSignal): AsyncGenerator<Hint> {
    const ended = new AbortController();
    const heard = on(this.#heard, "hint", { signal: AbortSignal.any([signal, ended.signal]) });
    const passOn = async (): Promise<void> => {
      for await (const { ownerUid } of hints) this.#heard.emit("hint", ownerUid);
    };
    passOn().then(
      () => ended.abort(),
      (error: unknown) => ended.abort(error),
    );
    try {
      for await (const [ownerUid] of heard as AsyncIterable<[string]>) yield { ownerUid };
    } catch (error) {
      if (signal.aborted) return;
      throw ended.signal.reason ?? error;
    }
  }
}
