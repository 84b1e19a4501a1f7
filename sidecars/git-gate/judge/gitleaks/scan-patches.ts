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
  const all = objects
    .map((object, index) => ({ object, index }))
    .filter(({ object }) => object.type !== "tree");
  const large = all.filter(({ object }) => object.size > LARGE_BYTES);
  const small = all.filter(({ object }) => object.size <= LARGE_BYTES);
  const texts = await textsAmong(access, large);
  return [...patchesOf(small, true), ...patchesOf(texts, false)];
}

interface Listed {
  readonly object: PushedObject;
  readonly index: number;
}

function patchesOf(listed: readonly Listed[], isDecoded: boolean): PatchContents[] {
  const patches: { indexes: number[]; bytes: number; isDecoded: boolean }[] = [];
  for (const { object, index } of listed) {
    const last = patches.at(-1);
    if (last === undefined || last.bytes + object.size > MOST_PATCH_BYTES) {
      patches.push({ indexes: [index], bytes: object.size, isDecoded });
    } else {
      last.indexes.push(index);
      last.bytes += object.size;
    }
  }
  return patches;
}

/** as git tells binary files */
const LOOKED_AT_BYTES = 8000;

async function textsAmong(access: GitAccess, listed: readonly Listed[]): Promise<Listed[]> {
  if (listed.length === 0) return [];
  const texts: Listed[] = [];
  let at = 0;
  for await (const { bytes } of readObjects(
    access,
    listed.map(({ object }) => object),
  )) {
    const each = listed[at++];
    if (each !== undefined && !bytes.subarray(0, LOOKED_AT_BYTES).includes(0)) texts.push(each);
  }
  return texts;
}
