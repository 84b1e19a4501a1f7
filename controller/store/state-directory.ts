import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs";

/** A folder that others may read or write, or that is not ours, is refused: it holds keys. */
export class UnsafeDirectoryError extends Error {
  override readonly name = "UnsafeDirectoryError";
}

/**
 * Makes the folder with mode 0700 when it is absent. Throws UnsafeDirectoryError
 * when it belongs to somebody else or anybody else may enter it.
 */
export function ensurePrivateDirectory(path: string): void {
  if (!existsSync(path)) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    // mkdir's mode passes through the umask, which may take away the owner's own rights
    chmodSync(path, 0o700);
  }
  const found = statSync(path);
  if (!found.isDirectory()) throw new UnsafeDirectoryError(`${path} is not a folder`);
  const user = process.getuid?.();
  if (user !== undefined && found.uid !== user) {
    throw new UnsafeDirectoryError(
      `the folder ${path} belongs to user ${found.uid}, not to you (${user}); choose another one or change its owner`,
    );
  }
  const mode = found.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw new UnsafeDirectoryError(
      `the folder ${path} may be entered by others (mode ${mode.toString(8).padStart(4, "0")}); run: chmod 700 ${path}`,
    );
  }
}
