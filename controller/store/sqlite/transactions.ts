import type { DatabaseSync } from "node:sqlite";
import { unavailable } from "./sqlite-errors.ts";

/** Runs work in transactions of one database; work inside work joins it. SQLite's failures come out as ApiUnavailableError. */
export class Transactions {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #onCommit: () => void;
  #isOpen = false;

  constructor(database: DatabaseSync, file: string, onCommit: () => void) {
    this.#database = database;
    this.#file = file;
    this.#onCommit = onCommit;
  }

  /** durable when it returns; undone whole when `act` throws */
  commit<R>(act: () => R): R {
    if (this.#isOpen) return act();
    const result = this.#run(act, "COMMIT");
    this.#onCommit();
    return result;
  }

  /** undone whole in any case */
  undo<R>(act: () => R): R {
    if (this.#isOpen) return act();
    return this.#run(act, "ROLLBACK");
  }

  /** a read: not a transaction, but its failures read the same */
  read<R>(act: () => R): R {
    try {
      return act();
    } catch (error) {
      throw unavailable(error, this.#file);
    }
  }

  #run<R>(act: () => R, end: "COMMIT" | "ROLLBACK"): R {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      this.#isOpen = true;
      const result = act();
      this.#database.exec(end);
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some failures, a full disk for one
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw unavailable(error, this.#file);
    } finally {
      this.#isOpen = false;
    }
  }
}
