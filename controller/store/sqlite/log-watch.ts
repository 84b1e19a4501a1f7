import { ExpiredError } from "../../../reconcilers/contract/errors.ts";
import type { ApiObject } from "../../../crds/metadata.ts";
import type { WatchEvent } from "../../../reconcilers/contract/resource-client.ts";
import type { StoreWatch } from "../resource-store.ts";
import type { Matches } from "../selectors.ts";
import type { Log, Row } from "./log.ts";
import { objectOf } from "./row-object.ts";

const BATCH = 100;

/** What a watch needs from the store. */
export interface WatchSource {
  readonly log: Log;
  readonly resource: string;
  readonly namespace: string | undefined;
  /** undefined selects everything */
  readonly matches: Matches | undefined;
  /** calls back after every commit and when the store closes; returns how to stop it */
  onChange(call: () => void): () => void;
  readonly isClosed: () => boolean;
}

/** A reader with a place in the log. It holds no events, so a slow one costs nothing until its place is compacted away. */
export class LogWatch<T extends ApiObject> implements StoreWatch<T> {
  readonly #source: WatchSource;
  readonly #unsubscribe: () => void;
  #place: number;
  #closed = false;
  #wake: () => void = () => {};

  constructor(source: WatchSource, after: number) {
    this.#source = source;
    this.#place = after;
    this.#unsubscribe = source.onChange(() => this.#wake());
  }

  get resourceVersion(): string {
    return String(this.#place);
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<T>, void> {
    try {
      while (!this.#isOver()) {
        yield* this.#newEvents();
        await this.#nextChange();
      }
    } finally {
      this.close();
    }
  }

  *#newEvents(): Generator<WatchEvent<T>, void> {
    for (;;) {
      const { log, resource, namespace } = this.#source;
      if (this.#isOver()) return;
      if (this.#place < log.floor) {
        throw new ExpiredError(`The resourceVersion for the provided watch is too old: ${this.#place}`);
      }
      const newest = log.newestId;
      const rows = log.after(resource, namespace, { after: this.#place, limit: BATCH });
      for (const row of rows) {
        const event = this.#eventOf(row);
        // before the event is handed out: whoever has it may say in a bookmark that it does
        this.#place = row.id;
        if (event !== undefined) yield event;
        if (this.#isOver()) return;
      }
      if (rows.length === BATCH) continue;
      this.#place = Math.max(this.#place, newest);
      if (log.newestId === newest) return;
    }
  }

  #eventOf(row: Row): WatchEvent<T> | undefined {
    const { log, matches } = this.#source;
    const object = objectOf<T>(row);
    if (matches === undefined) return { type: row.type, object };
    const before = row.type === "DELETED" ? row : row.previous === null ? undefined : log.row(row.previous);
    const wasSelected = before !== undefined && matches(objectOf(before));
    const isSelected = row.type !== "DELETED" && matches(object);
    if (isSelected) return { type: wasSelected ? "MODIFIED" : "ADDED", object };
    return wasSelected ? { type: "DELETED", object } : undefined;
  }

  #isOver(): boolean {
    return this.#closed || this.#source.isClosed();
  }

  #nextChange(): Promise<void> {
    if (this.#isOver() || this.#source.log.newestId > this.#place) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
