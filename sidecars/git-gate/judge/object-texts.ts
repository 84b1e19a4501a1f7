import type { ObjectType } from "./push-objects.ts";
import { type TreeEntry, treeText } from "./trees.ts";

/**
 * What an object says to a reader, for the detectors: its own bytes, and what its
 * form would hide in them.
 */
export function textsOf(type: ObjectType, bytes: Buffer, entries: readonly TreeEntry[]): Buffer[] {
  switch (type) {
    case "blob":
      return [bytes];
    case "tree":
      return [bytes, Buffer.from(treeText(entries), "latin1")];
    case "commit":
    case "tag":
      return [bytes, ...unfolded(bytes)];
  }
}

/** A header goes on in lines that begin with a space, which would stand within what was encoded over them. */
function unfolded(bytes: Buffer): Buffer[] {
  const text = bytes.toString("latin1");
  return text.includes("\n ") ? [Buffer.from(text.replaceAll("\n ", "\n"), "latin1")] : [];
}
