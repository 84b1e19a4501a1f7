import { copyFileSync, fstatSync, ftruncateSync, rmSync, statSync, writeSync } from "node:fs";

const MOST_BYTES = 10 * 1024 * 1024;

/**
 * Writes to a descriptor that `path` was opened as for appending. When the file has grown to `mostBytes` it becomes
 * `path.1`, of which there is one, and starts again; on a full disk it just starts again. A descriptor that is
 * something else, such as a terminal, is only written to.
 */
export function createBoundedLog(
  descriptor: number,
  path: string,
  mostBytes = MOST_BYTES,
): (bytes: Buffer) => number {
  let unseen = mostBytes;
  return (bytes) => {
    unseen += bytes.length;
    // a look costs a system call: one in a hundredth of the file is enough
    if (unseen > mostBytes / 100) {
      unseen = 0;
      if (isLongFile(descriptor, path, mostBytes)) startAgain(descriptor, path);
    }
    return writeSync(descriptor, bytes);
  };
}

function isLongFile(descriptor: number, path: string, mostBytes: number): boolean {
  const open = fstatSync(descriptor);
  const named = statSync(path, { throwIfNoEntry: false });
  return open.isFile() && open.ino === named?.ino && open.dev === named.dev && open.size >= mostBytes;
}

function startAgain(descriptor: number, path: string): void {
  const older = `${path}.1`;
  try {
    copyFileSync(path, older);
  } catch {
    rmSync(older, { force: true, recursive: true }); // half a copy, as on a full disk, is worth less than the room
  }
  ftruncateSync(descriptor, 0);
}
