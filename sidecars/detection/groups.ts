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
  return rowOf(text, first, { size, separator: text.slice(border, first), isNumbers });
}

function rowOf(text: string, from: number, shape: Shape): Row | undefined {
  const groups: string[] = [];
  let end = from;
  for (let at = from; ; at = end + shape.separator.length) {
    const group = groupOf(text, at, shape);
    if (group === undefined) break;
    groups.push(group);
    end = at + group.length;
    const isLast = !shape.isNumbers && group.length < shape.size;
    if (isLast || !text.startsWith(shape.separator, end)) break;
  }
  // what stands before the place that was looked at
  for (let before = groupBefore(text, from, shape); before !== undefined;) {
    groups.unshift(before.group);
    before = groupBefore(text, before.start, shape);
  }
  return groups.length < leastGroups(shape.size) ? undefined : { groups, end };
}

/** The last group of a row may be shorter. */
function groupOf(text: string, at: number, { size, isNumbers }: Shape): string | undefined {
  let end = at;
  while (end < at + (isNumbers ? 3 : size) && isWord(text, end)) end += 1;
  if (end === at || isWord(text, end)) return undefined;
  return text.slice(at, end);
}

function groupBefore(
  text: string,
  from: number,
  { size, separator, isNumbers }: Shape,
): { readonly group: string; readonly start: number } | undefined {
  const end = from - separator.length;
  if (end <= 0 || !text.startsWith(separator, end)) return undefined;
  let start = end;
  while (start > 0 && end - start < (isNumbers ? 3 : size) && isWord(text, start - 1)) start -= 1;
  const isWhole = start < end && (isNumbers || end - start === size);
  return isWhole ? { group: text.slice(start, end), start } : undefined;
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

const isWord = (text: string, at: number): boolean => WORD[text.charCodeAt(at)] === 1;

const isDigit = (bytes: Uint8Array, at: number): boolean => bytes[at]! >= 0x30 && bytes[at]! <= 0x39;

/** Character codes become characters; `0x` before bytes is left out. */
function joined(groups: readonly string[]): string {
  if (groups.every((group) => /^\d{1,3}$/.test(group)))
    return `${groups.join("")}\n${String.fromCharCode(...groups.map((group) => Number(group) & 0xff))}`;
  if (groups.every((group) => /^0x/i.test(group))) return groups.map((group) => group.slice(2)).join("");
  return groups.join("");
}
