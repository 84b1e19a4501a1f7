/** A piece of a known value that stands somewhere, as [start, end) of the value. */
export interface ValuePiece {
  readonly id: string;
  /** of the whole value */
  readonly length: number;
  readonly start: number;
  readonly end: number;
}

/** what a piece must say of a value that is no chance: nobody meets 36 bits in ordinary traffic */
const LEAST_BITS = 36;
/** a longer piece is told in parts, by each place of it that is looked at */
const MOST_AROUND = 64;
/** of a piece, so that no word and no common prefix counts */
const SHORTEST = 6;

/** Whether pieces of a value can be told from ordinary words: passphrases are looked for whole. */
export function holdsRandomness(value: string): boolean {
  return /[0-9]/.test(value) && /[A-Za-z]/.test(value) && value.length >= 2 * SHORTEST;
}

/** The piece of `value` around `offset` that stands in `text` where the value would begin at `begins`. */
export function pieceAround(
  text: Uint8Array,
  value: Uint8Array,
  begins: number,
  offset: number,
): Omit<ValuePiece, "id" | "length"> | undefined {
  const isSame = (at: number): boolean => text[begins + at] === value[at];
  let [start, end] = [offset, offset];
  const first = Math.max(0, -begins, offset - MOST_AROUND);
  const last = Math.min(value.length, text.length - begins, offset + MOST_AROUND);
  while (start > first && isSame(start - 1)) start -= 1;
  while (end < last && isSame(end)) end += 1;
  return end === start ? undefined : { start, end };
}

/** Hexadecimal says four bits a character, letters and digits almost six. */
export function shortestPiece(value: string): number {
  const kinds = [/[a-f]/, /[g-z]/, /[A-F]/, /[G-Z]/, /[0-9]/].filter((kind) => kind.test(value)).length;
  const bitsEach = kinds <= 2 ? 4 : kinds <= 3 ? 5.1 : 5.95;
  return Math.max(SHORTEST, Math.ceil(LEAST_BITS / bitsEach));
}
