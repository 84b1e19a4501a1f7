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

/** encodings in which ASCII letters are the bytes that they always are */
const ASCII_IN_IT =
  /^(?:utf-?8|us-ascii|ascii|latin-?\d+|iso-?8859-?\d+|(?:windows|cp)-?125\d|koi8-?[ru]|euc-?(?:jp|kr|tw|cn)|gb(?:k|2312|18030)|big5|shift[-_]?jis|sjis|cp932)$/i;

/** Whether whoever shows a commit finds no other letters in it than its bytes are: git decodes it as it says itself. */
export function isInLetters(commit: Buffer): boolean {
  const [head = ""] = commit.toString("latin1").split("\n\n", 1);
  const encodings = [...head.matchAll(/^encoding (.*)$/gm)].map(([, name = ""]) => name.trim());
  return encodings.every((name) => ASCII_IN_IT.test(name));
}
