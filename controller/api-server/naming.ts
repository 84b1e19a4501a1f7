import { randomInt } from "node:crypto";

/** Without vowels and look-alikes, as Kubernetes has it: no word comes up by chance. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;
const LONGEST = 63;

/** A name that begins with `prefix`, for objects that are created with generateName. */
export function generatedName(prefix: string): string {
  const suffix = Array.from({ length: SUFFIX_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  return prefix.slice(0, LONGEST - SUFFIX_LENGTH) + suffix;
}
