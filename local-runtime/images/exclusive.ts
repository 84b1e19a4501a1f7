import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "./clock.ts";

const SQLITE_BUSY = 5;
const LOOK_AGAIN_MS = 500;

/**
 * Does `work` while no other process that names the same file does.
 *
 * The lock is the kernel's on an SQLite file: a process that dies, however, lets go of it.
 */
export async function exclusively<T>(
  file: string,
  work: () => Promise<T>,
  waiting: { readonly clock: Clock; readonly signal: AbortSignal; readonly onWait: () => void },
): Promise<T> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file);
  try {
    while (!taken(database)) {
      waiting.onWait();
      await waiting.clock.sleep(LOOK_AGAIN_MS, waiting.signal);
    }
    return await work();
  } finally {
    database.close();
  }
}

function taken(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
