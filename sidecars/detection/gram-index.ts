const SIZE = 3;
/** every fourth place is looked at, so what is looked for has six characters at least */
const STRIDE = 4;
const KEYS = 2 ** 16;
const KEY_MASK = KEYS - 1;

/** Called for a place where a text may stand: which one, where it would begin, and which place of it was seen. */
export type GramVisit<Found> = (text: number, begins: number, offset: number) => Found | undefined;

/** Visits places in `bytes`, in order, until `visit` gives something. Misses nothing, and is wrong about few. */
export type GramIndex = <Found>(bytes: Uint8Array, visit: GramVisit<Found>) => Found | undefined;

interface Entry {
  readonly text: number;
  readonly offset: number;
}

/**
 * Looks for many texts in one pass: at every fourth place three characters are
 * hashed, whatever the number of texts. Of texts whose pieces count, every
 * place is known; of the others the first few.
 */
export function createGramIndex(
  texts: readonly { readonly bytes: Uint8Array; readonly inPieces: boolean }[],
): GramIndex {
  const table = new Uint16Array(KEYS);
  const entries: Entry[][] = [[]];
  for (const [index, { bytes, inPieces }] of texts.entries()) {
    const last = inPieces ? bytes.length - SIZE : STRIDE - 1;
    for (let offset = 0; offset <= last; offset += 1) {
      const key = keyAt(bytes, offset);
      if (table[key] === 0) table[key] = entries.push([]) - 1;
      entries[table[key]!]!.push({ text: index, offset });
    }
  }
  if (texts.length === 0) return () => undefined;
  return (bytes, visit) => {
    for (let at = 0; at + SIZE <= bytes.length; at += STRIDE) {
      const bucket = table[keyAt(bytes, at)]!;
      if (bucket === 0) continue;
      for (const { text, offset } of entries[bucket]!) {
        const found = visit(text, at - offset, offset);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
}

const keyAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! ^ (bytes[at + 1]! << 5) ^ (bytes[at + 2]! << 9)) & KEY_MASK;
