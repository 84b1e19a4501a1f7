import { Turns } from "../shared/turns.ts";
import type { Piece } from "./pieces.ts";
import type { ValuePiece } from "./value-pieces.ts";

/** pieces in one row that are put together */
const MOST_PIECES = 8;
/** characters of them; a longer secret shows by what each piece says of a known value */
const MOST_CHARACTERS = 2048;
const MOST_SLOTS = 128;
/** rows that one request may lengthen */
const MOST_ROWS = 64;
/** pieces of one known value that are remembered */
const MOST_COVERED = 64;
/** looks at requests after which a piece of a known value counts no more: it may have been chance */
const COVERED_FOR = 50_000;
/** what may be missing of a known value for its pieces to be as good as all of it */
const ENOUGH = 0.75;
/** more than may stand between two words of a seed phrase or two groups of a row, and no line end of base64 */
const GAP = "\n".repeat(20);
/** the row of all that looks like a piece of a token, whatever field it came in */
const ANY_SLOT = "";

/** Texts that pieces make with those that came before them. */
export interface Rows {
  readonly texts: readonly string[];
  /** the rows that the pieces lengthen, without them */
  earlier(): readonly EarlierRow[];
  /** Remembers the pieces: what they came in was let through. */
  keep(): void;
}

/** A row of what was let through. */
export interface EarlierRow {
  readonly texts: readonly string[];
  forgetOldest(): void;
}

/**
 * What one bottle sent in small pieces of late, so that a secret that is split
 * over requests is seen when its last piece comes. Bounded in size; holds no
 * request. It outlives policies, so that a change of policy forgets nothing.
 */
export interface FragmentRing {
  /** One look at a time: two that went on together would not see each other's pieces. */
  oneByOne<T>(look: () => Promise<T>): Promise<T>;
  /** what the pieces of one request make with earlier ones, field by field and all together */
  rowsWith(pieces: readonly Piece[]): Rows;
  /** whether the pieces of a known value that were let through make it up with these ones */
  completes(pieces: readonly ValuePiece[]): ValuePiece | undefined;
  keepCovered(pieces: readonly ValuePiece[]): void;
}

interface Covered {
  readonly start: number;
  readonly end: number;
  readonly at: number;
}

export function createFragmentRing(): FragmentRing {
  /** in the order of use */
  const rows = new Map<string, readonly string[]>();
  const covered = new Map<string, Covered[]>();
  const turns = new Turns(1);
  let looks = 0;
  return {
    oneByOne: (look) => turns.take(look),
    rowsWith(pieces) {
      looks += 1;
      const longer = longerRows(rows, pieces);
      return {
        texts: apart([...longer.values()].flatMap((row) => endsOf(row))),
        earlier: () => [...longer.keys()].map((slot) => earlierRow(rows, slot)),
        keep: () => remember(rows, longer),
      };
    },
    completes(pieces) {
      return pieces.find((piece) => {
        const earlier = (covered.get(keyOf(piece)) ?? []).filter(({ at }) => looks - at < COVERED_FOR);
        const all = [...earlier, ...pieces.filter((other) => keyOf(other) === keyOf(piece))];
        return lengthCovered(all) >= piece.length * ENOUGH;
      });
    },
    keepCovered(pieces) {
      for (const piece of pieces) {
        const earlier = (covered.get(keyOf(piece)) ?? []).filter(
          ({ start, end }) => start < piece.start || end > piece.end,
        );
        const kept = [...earlier, { start: piece.start, end: piece.end, at: looks }];
        covered.set(keyOf(piece), kept.slice(-MOST_COVERED));
      }
    },
  };
}

/** A value that changed has another length, or is as random as the old one. */
const keyOf = ({ id, length }: ValuePiece): string => `${id} ${length}`;

/** Rows that the pieces lengthen; what a field says again and again is no piece. */
function longerRows(
  rows: ReadonlyMap<string, readonly string[]>,
  pieces: readonly Piece[],
): Map<string, readonly string[]> {
  const longer = new Map<string, readonly string[]>();
  const lengthen = (slot: string, text: string): void => {
    const row = longer.get(slot) ?? rows.get(slot) ?? [];
    if (row.at(-1) === text || (slot === ANY_SLOT && row.includes(text))) return;
    longer.set(slot, bounded([...row, text]));
  };
  for (const { slot, text } of pieces) {
    const isPiece = text !== "" && text.length <= MOST_CHARACTERS && longer.size < MOST_ROWS;
    if (!isPiece) continue;
    lengthen(slot, text);
    const token = lastWord(text);
    if (mayBeOfToken(token)) lengthen(ANY_SLOT, token);
  }
  return longer;
}

/** Empty when space is last. From the end on: a pattern would begin anew at each character. */
function lastWord(text: string): string {
  let from = text.length;
  while (from > 0 && !/\s/.test(text[from - 1]!)) from -= 1;
  return text.slice(from);
}

/** Words and small numbers are not: they would stand between the pieces of tokens. */
const mayBeOfToken = (text: string): boolean =>
  text.length > 1 && !/^(?:[a-z]+|[A-Z]?[a-z]+[.,:;!?]?|\d{1,4})$/.test(text);

function bounded(row: readonly string[]): readonly string[] {
  let characters = 0;
  let from = row.length;
  while (from > 0 && row.length - from < MOST_PIECES) {
    characters += row[from - 1]!.length;
    if (characters > MOST_CHARACTERS) break;
    from -= 1;
  }
  return row.slice(from);
}

/** The row put together from each of its pieces on: a secret begins where a piece does, or within one. Words keep apart. */
function endsOf(row: readonly string[]): string[] {
  const joined = row.slice(0, -1).map((_, from) => row.slice(from).join(""));
  return row.length > 1 && row.some((text) => text.includes(" ")) ? [...joined, row.join(" ")] : joined;
}

/** Texts of printed characters as one, since each text has a cost of its own: so far apart that nothing runs from one into the next. */
function apart(texts: readonly string[]): string[] {
  const isPrinted = (text: string): boolean => !/[^\t\n\r\x20-\x7e]/.test(text);
  const printed = texts.filter(isPrinted);
  const others = texts.filter((text) => !isPrinted(text));
  return printed.length === 0 ? others : [printed.join(GAP), ...others];
}

function earlierRow(rows: Map<string, readonly string[]>, slot: string): EarlierRow {
  const row = (): readonly string[] => rows.get(slot) ?? [];
  return {
    get texts() {
      return [...row().slice(-1), ...endsOf(row())];
    },
    forgetOldest() {
      const left = row().slice(1);
      if (left.length > 0) rows.set(slot, left);
      else rows.delete(slot);
    },
  };
}

function remember(
  rows: Map<string, readonly string[]>,
  longer: ReadonlyMap<string, readonly string[]>,
): void {
  for (const [slot, row] of longer) {
    rows.delete(slot);
    rows.set(slot, row);
  }
  for (const slot of rows.keys()) {
    if (rows.size <= MOST_SLOTS) return;
    if (slot !== ANY_SLOT) rows.delete(slot);
  }
}

function lengthCovered(pieces: readonly { readonly start: number; readonly end: number }[]): number {
  let [length, reached] = [0, 0];
  for (const { start, end } of pieces.toSorted((one, other) => one.start - other.start)) {
    length += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return length;
}
