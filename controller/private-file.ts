import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";

/** A file that holds a credential, or decides over one, is not what it must be; a person has to look. */
export class UnsafeFileError extends Error {
  override readonly name = "UnsafeFileError";
  /** the message without the path in front */
  readonly why: string;
  constructor(path: string, why: string) {
    super(`${path} is not used: ${why}`);
    this.why = why;
  }
}

/**
 * The text of a file that must be ours alone; undefined when it is absent.
 * Throws UnsafeFileError when it cannot be read, when others may read or write
 * it, or when it belongs to somebody else.
 */
export function readPrivateFile(path: string): string | undefined {
  let descriptor: number;
  try {
    // a FIFO in its place must not hold us up
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new UnsafeFileError(path, `it cannot be read: ${String(code)}`);
  }
  try {
    // of the open file, not of the path: it must be the one that is read
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new UnsafeFileError(path, "it is not a file");
    if ((found.mode & 0o077) !== 0) {
      throw new UnsafeFileError(path, `others may read it; run: chmod 600 '${path}'`);
    }
    if (found.uid !== process.getuid?.()) {
      throw new UnsafeFileError(path, `it belongs to user ${found.uid}, not to you`);
    }
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

/** Creates the file, 0600 from its first moment, whole or not at all; throws EEXIST when there is one. */
export function createPrivateFile(path: string, text: string): void {
  throughDraft(path, text, (draft) => linkSync(draft, path));
}

/** Puts the file in place of one that may exist, 0600, whole or not at all. */
export function replacePrivateFile(path: string, text: string): void {
  throughDraft(path, text, (draft) => renameSync(draft, path));
}

function throughDraft(path: string, text: string, publish: (draft: string) => void): void {
  const draft = `${path}.${randomUUID()}`;
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
    publish(draft);
  } finally {
    closeSync(descriptor);
    rmSync(draft, { force: true });
  }
}
