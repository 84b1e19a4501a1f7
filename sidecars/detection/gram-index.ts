const SIZE = 3;
/** between two places that are looked at; each place of a text that may be met there has an entry */
const LONGEST_STRIDE = 16;
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

/** What is looked for. */
export interface IndexedText {
  readonly bytes: Uint8Array;
  /** the fewest of its bytes in a row that must not be missed: all of them, or those of a piece that counts */
  readonly least: number;
}

/**
 * Looks for many texts in one pass: three characters are hashed at every few
 * places, as far apart as the shortest of what must not be missed allows,
 * whatever the number of texts. Of texts whose pieces count, every place is
 * known; of the others the first few.
 */
export function createGramIndex(texts: readonly IndexedText[]): GramIndex {
  const shortest = Math.min(...texts.map(({ least }) => least));
  const stride = Math.max(1, Math.min(shortest - SIZE + 1, LONGEST_STRIDE));
  const table = new Uint16Array(KEYS);
  const entries: Entry[][] = [[]];
  for (const [index, { bytes, least }] of texts.entries()) {
    const last = least < bytes.length ? bytes.length - SIZE : stride - 1;
    for (let offset = 0; offset <= last; offset += 1) {
      const key = keyAt(bytes, offset);
      if (table[key] === 0) table[key] = entries.push([]) - 1;
      entries[table[key]!]!.push({ text: index, offset });
    }
  }
  if (texts.length === 0) return () => undefined;
  return (bytes, visit) => {
    for (let at = 0; at + SIZE <= bytes.length; at += stride) {
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
