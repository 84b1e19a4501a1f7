/** Characters that an encoding is made of, as a table over bytes. */
export type CharacterClass = Uint8Array;

export function characterClass(characters: string): CharacterClass {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/**
 * The runs of at least `min` characters of a class in a Latin-1 text, as
 * [start, end). Looks at one character in `min` where there are none.
 */
export function* runsOf(text: string, of: CharacterClass, min: number): Generator<readonly [number, number]> {
  const isIn = (index: number): boolean => of[text.charCodeAt(index)] === 1;
  let from = 0;
  while (from + min <= text.length) {
    let start = from + min;
    while (start > from && isIn(start - 1)) start -= 1;
    if (start > from) {
      from = start;
      continue;
    }
    let end = from + min;
    while (end < text.length && isIn(end)) end += 1;
    yield [from, end];
    from = end;
  }
}
