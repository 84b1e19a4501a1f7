/** Characters that an encoding is made of, as a table over bytes. */
export type CharacterClass = Uint8Array;

export function characterClass(characters: string): CharacterClass {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

export const CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
export const DIGITS = "0123456789";
export const LETTERS_AND_DIGITS = `${CAPITALS}${CAPITALS.toLowerCase()}${DIGITS}`;

/**
 * The runs of at least `min` bytes of a class, as [start, end). Looks at one
 * byte in `min` where there are none.
 */
export function runsOf(bytes: Uint8Array, of: CharacterClass, min: number): (readonly [number, number])[] {
  const runs: (readonly [number, number])[] = [];
  let from = 0;
  while (from + min <= bytes.length) {
    let start = from + min;
    while (start > from && of[bytes[start - 1]!] === 1) start -= 1;
    if (start > from) {
      from = start;
      continue;
    }
    let end = from + min;
    while (end < bytes.length && of[bytes[end]!] === 1) end += 1;
    runs.push([from, end]);
    from = end;
  }
  return runs;
}
