import { createHash } from "node:crypto";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { lazily } from "../shared/lazily.ts";

const LENGTHS = [12, 15, 18, 21, 24];
const SHORTEST = 12;
/** A real phrase is drawn at random from 2048 words. */
const LEAST_DISTINCT = 6;
/** places at which a phrase may begin in one row of words; a longer row is made to hide one */
const MOST_BEGINNINGS = 512;
/** characters between two words, such as the numbers of a list */
const MOST_BETWEEN = 12;
/** no phrase of twelve words is shorter than three letters and a space each */
const STRIDE = 40;

const indexes = lazily(() => new Map(wordlist.map((word, index) => [word, index])));
/** Words of the list differ in their first four letters. Two thousand buffers: no start waits for them. */
const wordsByKey = lazily(
  () => new Map(wordlist.map((word) => Buffer.from(word)).map((word) => [keyAt(word, 0), word])),
);
const beginnings = beginningsOf(wordlist);

/** The rows of at least twelve words of the English list of BIP-39 in a text, as [start, end). */
export function rowsOfSeedWords(bytes: Uint8Array): (readonly [number, number])[] {
  const rows: (readonly [number, number])[] = [];
  for (let at = STRIDE - 1; at < bytes.length; at += STRIDE) {
    const start = startOfWord(bytes, at);
    if (!mayBeginSeedWord(bytes, start) || !mayBeBesideSeedWord(bytes, start)) continue;
    const row = rowAround(bytes, start);
    if (row === undefined) continue;
    rows.push(row);
    at = Math.max(at, row[1]);
  }
  return rows;
}

/** BIP-39: words in a row of a length that is in use, with the checksum that it asks for. A word list is none. */
export function holdsSeedPhrase(row: string): boolean {
  const words = row
    .toLowerCase()
    .split(/[^a-z]+/)
    .flatMap((word) => indexes().get(word) ?? []);
  // two words in turns, as names and methods in logs, are no phrase however often
  if (new Set(words).size < LEAST_DISTINCT) return false;
  if (words.length - SHORTEST > MOST_BEGINNINGS && !isSorted(words)) return true;
  return words.some((_, from) =>
    LENGTHS.some((length) => isPhrase(words.slice(from, from + length), length)),
  );
}

function isPhrase(words: readonly number[], length: number): boolean {
  if (words.length < length || new Set(words).size < LEAST_DISTINCT || isSorted(words)) return false;
  const bits = words.map((word) => word.toString(2).padStart(11, "0")).join("");
  const entropyBits = (length * 32) / 3;
  const entropy = Buffer.alloc(entropyBits / 8);
  for (let index = 0; index < entropy.length; index += 1)
    entropy[index] = Number.parseInt(bits.slice(index * 8, index * 8 + 8), 2);
  const check = createHash("sha256").update(entropy).digest()[0]!.toString(2).padStart(8, "0");
  return check.startsWith(bits.slice(entropyBits));
}

/** But for one place, such as the border of a word list and what comes after it. */
const isSorted = (words: readonly number[]): boolean =>
  words.filter((word, index) => index > 0 && (words[index - 1] ?? 0) > word).length <= 1;

/** A bit for the key of each word. */
function beginningsOf(words: readonly string[]): Uint8Array {
  const table = new Uint8Array(2 ** 20 / 8);
  const bytes = Buffer.from(words.join(" "));
  let at = 0;
  for (const { length } of words) {
    const key = keyAt(bytes, at);
    table[key >> 3]! |= 1 << (key & 7);
    at += length + 1;
  }
  return table;
}

const mayBeginSeedWord = (bytes: Uint8Array, at: number): boolean => isKeyOfWord(keyAt(bytes, at));

const isKeyOfWord = (key: number): boolean => (beginnings[key >> 3]! & (1 << (key & 7))) !== 0;

/** Of a row one word stands before or behind every other. */
function mayBeBesideSeedWord(bytes: Uint8Array, start: number): boolean {
  let end = start;
  while (end < start + 9 && isLetter(bytes[end]!)) end += 1;
  const next = nextWord(bytes, end);
  if (next !== -1 && mayBeginSeedWord(bytes, next)) return true;
  const previous = previousWord(bytes, start);
  return previous !== -1 && mayBeginSeedWord(bytes, previous);
}

/** The first four letters with their case folded, five bits each; none where the word ends before. */
function keyAt(bytes: Uint8Array, at: number): number {
  let key = 0;
  for (let index = 0; index < 4; index += 1) {
    const code = bytes[at + index]!;
    const hasEnded = !isLetter(code);
    if (hasEnded) return index < 3 ? 0 : key << 5;
    key = (key << 5) | (code & 31);
  }
  return key;
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function startOfWord(bytes: Uint8Array, from: number): number {
  let at = from;
  // from a gap back to the word before it
  for (let gap = 0; gap < MOST_BETWEEN && at > 0 && !isLetter(bytes[at]!); gap += 1) at -= 1;
  for (let length = 0; length < 9 && at > 0 && isLetter(bytes[at - 1]!); length += 1) at -= 1;
  return at;
}

function rowAround(bytes: Uint8Array, start: number): readonly [number, number] | undefined {
  let [count, end] = [0, start];
  for (let at = start; at !== -1; at = nextWord(bytes, end)) {
    const wordEnd = endOfSeedWord(bytes, at);
    if (wordEnd === -1) break;
    count += 1;
    end = wordEnd;
  }
  if (count === 0) return undefined;
  let first = start;
  for (let at = previousWord(bytes, start); at !== -1; at = previousWord(bytes, first)) {
    if (endOfSeedWord(bytes, at) === -1) break;
    count += 1;
    first = at;
  }
  return count >= SHORTEST ? [first, end] : undefined;
}

function endOfSeedWord(bytes: Uint8Array, start: number): number {
  const key = keyAt(bytes, start);
  const word = isKeyOfWord(key) ? wordsByKey().get(key)! : undefined;
  if (word === undefined) return -1;
  for (let at = 0; at < word.length; at += 1) if ((bytes[start + at]! | 0x20) !== word[at]) return -1;
  const end = start + word.length;
  return isLetter(bytes[end]!) ? -1 : end;
}

function nextWord(bytes: Uint8Array, from: number): number {
  for (let at = from; at < Math.min(bytes.length, from + MOST_BETWEEN); at += 1)
    if (isLetter(bytes[at]!)) return at === from ? -1 : at;
  return -1;
}

function previousWord(bytes: Uint8Array, start: number): number {
  for (let at = start - 1; at >= Math.max(0, start - MOST_BETWEEN); at -= 1)
    if (isLetter(bytes[at]!)) return startOfWord(bytes, at);
  return -1;
}
