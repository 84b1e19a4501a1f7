import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { STATE_FILES } from "../../state-folder.ts";
import { codeOf, SQLITE, unavailable } from "./sqlite-errors.ts";

/** Another controller works on this state folder. */
export class StateDirectoryInUseError extends Error {
  override readonly name = "StateDirectoryInUseError";
}

/**
 * Takes the state folder for this process until the returned function is
 * called or the process ends, however it ends: the operating system drops the
 * lock, so nothing stale is ever left. Throws StateDirectoryInUseError.
 */
export function lockStateDirectory(directory: string): () => void {
  // a file of its own: the lock must not stand in the way of readers of the store's database
  const file = join(directory, STATE_FILES.lock);
  closeSync(openSync(file, "a", 0o600));
  const lock = new DatabaseSync(file);
  const holder = join(directory, STATE_FILES.holder);
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    const code = codeOf(error);
    if (code === SQLITE.corrupt || code === SQLITE.notDatabase) throw damaged(file, error);
    if (code !== SQLITE.busy) throw unavailable(error, file);
    throw new StateDirectoryInUseError(
      `another controller${pidIn(holder)} works on the state folder ${directory}; ` +
        "end it with `bb down`, or give this one another folder by BB_STATE_DIR",
    );
  }
  writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 });
  return () => lock.close();
}

/** It holds nothing but the lock. */
const damaged = (file: string, cause: unknown): Error =>
  new Error(`the lock ${file} is damaged: remove it and start again; nothing is lost by that`, { cause });

/** For the message only: the lock itself is what counts, and its holder may not have written this yet. */
function pidIn(file: string): string {
  try {
    return ` (process ${readFileSync(file, "utf8").trim()})`;
  } catch {
    return ""; // the message is as true without it
  }
}
