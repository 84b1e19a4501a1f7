import { randomUUID } from "node:crypto";
import { link, lstat, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ensurePrivateDirectory } from "../store/index.ts";

/** A file that others may read or write, or that is not what it should be. A person has to look. */
export class UnsafeFileError extends Error {
  override readonly name = "UnsafeFileError";
}

const GROUP_AND_OTHERS = 0o077;

/** The content of the file, undefined when it does not exist; throws UnsafeFileError when others may read or write it. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    await refuseWide(path);
    const file = await open(path, "r");
    try {
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Creates the file, 0600 from its first moment, whole or not at all; throws EEXIST when there is one. */
export async function createPrivateFile(path: string, content: string): Promise<void> {
  await throughTemporary(path, content, (temporary) => link(temporary, path));
}

/** Puts the file in place of one that may exist, 0600, whole or not at all; throws UnsafeFileError when that one is wider. */
export async function replacePrivateFile(path: string, content: string): Promise<void> {
  await readPrivateFile(path);
  await throughTemporary(path, content, (temporary) => rename(temporary, path));
}

async function throughTemporary(
  path: string,
  content: string,
  publish: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  ensurePrivateDirectory(dirname(path));
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
    await publish(temporary);
  } finally {
    await file.close();
    await rm(temporary, { force: true });
  }
}

async function refuseWide(path: string): Promise<void> {
  const found = await lstat(path);
  if (!found.isFile()) throw new UnsafeFileError(`${path} is not a file; move it away`);
  if ((found.mode & GROUP_AND_OTHERS) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    throw new UnsafeFileError(
      `others may use ${path} (mode ${mode}); see who changed it, then: chmod go-rwx '${path}'`,
    );
  }
  if (process.getuid !== undefined && found.uid !== process.getuid()) {
    throw new UnsafeFileError(`${path} belongs to uid ${found.uid}, not to this user; move it away`);
  }
}
