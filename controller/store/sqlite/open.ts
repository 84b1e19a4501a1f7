import { join } from "node:path";
import type { Clock } from "../../engine/index.ts";
import type { ResourceStore } from "../resource-store.ts";
import { ensurePrivateDirectory } from "../state-directory.ts";
import { openDatabase } from "./database.ts";
import { lockStateDirectory } from "./lock.ts";
import { SqliteStore } from "./sqlite-store.ts";

/**
 * Opens the store of a state folder, making both when they are absent, and
 * keeps every other controller out of it until it is closed. Throws
 * UnsafeDirectoryError, StateDirectoryInUseError, StoreCorruptError; their
 * messages say what to do.
 */
export function openSqliteStore(options: {
  readonly directory: string;
  readonly clock: Clock;
}): ResourceStore {
  ensurePrivateDirectory(options.directory);
  const unlock = lockStateDirectory(options.directory);
  try {
    const file = join(options.directory, "store.db");
    const database = openDatabase(file, options.clock.now());
    return new SqliteStore({ database, file, clock: options.clock, unlock });
  } catch (error) {
    unlock();
    throw error;
  }
}
