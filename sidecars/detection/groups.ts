import { characterClass, LETTERS_AND_DIGITS } from "./runs.ts";

/** Between two places that are looked at; the shortest secret, its characters two and two, is longer. */
const STRIDE = 24;
const LONGEST_GROUP = 16;
const LONGEST_SEPARATOR = 16;
/** groups in a row, by the characters of each; fewer are words */
const leastGroups = (size: number): number => (size <= 2 ? 10 : size <= 4 ? 6 : 5);

const WORD = characterClass(`${LETTERS_AND_DIGITS}_`);

/**
 * What is written in groups of one length with the same text between them: the
 * characters of an array, hexadecimal with colons, base64 in fours, lists of
 * character codes. One text a line, without what stood between.
 */
export function groupedTexts(text: string): string {
  const bytes = Buffer.from(text, "latin1");
  let lines = "";
  for (let at = 0; at < text.length; at += STRIDE) {
    const row = rowAt(text, bytes, at);
    if (row === undefined) continue;
    lines += `${joined(row.groups)}\n`;
    at = Math.max(at, row.end - STRIDE);
  }
  return lines;
}

interface Row {
  readonly groups: readonly string[];
  readonly end: number;
}

interface Shape {
  readonly size: number;
  readonly separator: string;
  /** character codes have one to three digits */
  readonly isNumbers: boolean;
}

/** Looks at two groups in a row, and only then at all of them: most places are words of a text. */
function rowAt(text: string, bytes: Uint8Array, from: number): Row | undefined {
  // from a separator on: all places that are looked at may lie in one
  const border = endOfGroup(bytes, startOfNext(bytes, from));
  const first = startOfNext(bytes, border);
  const firstEnd = endOfGroup(bytes, first);
  const size = firstEnd - first;
  if (first === border || size > LONGEST_GROUP) return undefined;
  const second = startOfNext(bytes, firstEnd);
  if (first - border !== second - firstEnd) return undefined;
  const secondSize = endOfGroup(bytes, second) - second;
  const isNumbers = Math.max(size, secondSize) <= 3 && isDigit(bytes, first) && isDigit(bytes, second);
  if (!isNumbers && size !== secondSize) return undefined;
  return rowOf(text, bytes, first, { size, separator: text.slice(border, first), isNumbers });
}

/** Counts groups before it takes them out of the text: words of one length stand side by side everywhere. */
function rowOf(text: string, bytes: Uint8Array, from: number, shape: Shape): Row | undefined {
  const { size, separator, isNumbers } = shape;
  let [start, end, count] = [from, from, 0];
  for (let at = from; at !== -1;) {
    const length = lengthOfGroup(bytes, at, shape);
    if (length === 0) break;
    count += 1;
    end = at + length;
    const isLast = !isNumbers && length < size;
    at = !isLast && text.startsWith(separator, end) ? end + separator.length : -1;
  }
  // what stands before the place that was looked at
  for (let at = startBefore(text, bytes, from, shape); at !== -1; at = startBefore(text, bytes, at, shape)) {
    count += 1;
    start = at;
  }
  return count < leastGroups(size) ? undefined : { groups: text.slice(start, end).split(separator), end };
}

/** The last group of a row may be shorter. */
function lengthOfGroup(bytes: Uint8Array, at: number, { size, isNumbers }: Shape): number {
  const most = isNumbers ? 3 : size;
  let length = 0;
  while (length < most && WORD[bytes[at + length]!] === 1) length += 1;
  return WORD[bytes[at + length]!] === 1 ? 0 : length;
}

/** Where the group before `from` begins, or -1. */
function startBefore(
  text: string,
  bytes: Uint8Array,
  from: number,
  { size, separator, isNumbers }: Shape,
): number {
  const end = from - separator.length;
  if (end <= 0 || !text.startsWith(separator, end)) return -1;
  const most = isNumbers ? 3 : size;
  let start = end;
  while (start > 0 && end - start < most && WORD[bytes[start - 1]!] === 1) start -= 1;
  const isWhole = start < end && (isNumbers || end - start === size);
  return isWhole ? start : -1;
}

function endOfGroup(bytes: Uint8Array, start: number): number {
  let end = start;
  while (end < bytes.length && end - start <= LONGEST_GROUP && WORD[bytes[end]!] === 1) end += 1;
  return end;
}

function startOfNext(bytes: Uint8Array, end: number): number {
  let start = end;
  while (start < bytes.length && start - end < LONGEST_SEPARATOR && WORD[bytes[start]!] !== 1) start += 1;
  return start;
}

const isDigit = (bytes: Uint8Array, at: number): boolean => bytes[at]! >= 0x30 && bytes[at]! <= 0x39;

/** Character codes become characters; `0x` before bytes is left out. */
function joined(groups: readonly string[]): string {
  if (groups.every((group) => /^\d{1,3}$/.test(group)))
    return `${groups.join("")}\n${String.fromCharCode(...groups.map((group) => Number(group) & 0xff))}`;
  if (groups.every((group) => /^0x/i.test(group))) return groups.map((group) => group.slice(2)).join("");
  return groups.join("");
}
