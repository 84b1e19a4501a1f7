import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";

/** A file that holds a credential, or decides over one, is not what it must be. */
export class UnsafeFileError extends Error {
  override readonly name = "UnsafeFileError";
}

/**
 * The text of a file that must be ours alone; undefined when it is absent.
 * Throws UnsafeFileError, whose message says why, when it cannot be read, when
 * others may read it, or when it belongs to somebody else.
 */
export function readPrivateFile(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new UnsafeFileError(`it cannot be read: ${String(code)}`);
  }
  try {
    // of the open file, not of the path: it must be the one that is read
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new UnsafeFileError("it is not a file");
    if ((found.mode & 0o077) !== 0) throw new UnsafeFileError(`others may read it; run: chmod 600 ${path}`);
    if (found.uid !== process.getuid?.())
      throw new UnsafeFileError(`it belongs to user ${found.uid}, not to you`);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}
