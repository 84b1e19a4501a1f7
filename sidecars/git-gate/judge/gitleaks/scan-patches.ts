import type { GitAccess } from "../../process/git-process.ts";
import { type PushedObject, readObjects } from "../push-objects.ts";

/** Objects that gitleaks reads at once, by their places in the list of all. */
export interface PatchContents {
  readonly indexes: readonly number[];
  readonly bytes: number;
  /** whether encodings are undone in it, which takes gitleaks ten times as long */
  readonly isDecoded: boolean;
}

const MIB = 1024 * 1024;
/** larger files are read as they are */
const LARGE_BYTES = MIB;
/** one file alone may be more */
const MOST_PATCH_BYTES = 32 * MIB;

/**
 * Divides what is pushed into patches: small files, and large ones. Trees are not among it, nor are large binary files,
 * for which gitleaks takes a second a megabyte; our own detectors read both.
 */
export async function divide(access: GitAccess, objects: readonly PushedObject[]): Promise<PatchContents[]> {
  const small: number[] = [];
  const large: number[] = [];
  for (const [index, { type, size }] of objects.entries()) {
    if (type !== "tree") (size > LARGE_BYTES ? large : small).push(index);
  }
  const texts = await textsAmong(access, objects, large);
  return [...patchesOf(objects, small, true), ...patchesOf(objects, texts, false)];
}

function patchesOf(
  objects: readonly PushedObject[],
  indexes: readonly number[],
  isDecoded: boolean,
): PatchContents[] {
  const patches: { indexes: number[]; bytes: number; isDecoded: boolean }[] = [];
  for (const index of indexes) {
    const size = objects[index]?.size ?? 0;
    const last = patches.at(-1);
    if (last === undefined || last.bytes + size > MOST_PATCH_BYTES) {
      patches.push({ indexes: [index], bytes: size, isDecoded });
    } else {
      last.indexes.push(index);
      last.bytes += size;
    }
  }
  return patches;
}

/** as git tells binary files */
const LOOKED_AT_BYTES = 8000;

async function textsAmong(
  access: GitAccess,
  objects: readonly PushedObject[],
  indexes: readonly number[],
): Promise<number[]> {
  if (indexes.length === 0) return [];
  const asked = indexes.flatMap((index) => objects[index] ?? []);
  const isBinary: boolean[] = [];
  for await (const { bytes } of readObjects(access, asked, LOOKED_AT_BYTES)) isBinary.push(bytes.includes(0));
  return indexes.filter((_, at) => !isBinary[at]);
}
