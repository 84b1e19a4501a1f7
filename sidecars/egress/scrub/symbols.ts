import { readEscape } from "./escapes.ts";
import { isAlphanumeric } from "./forms.ts";

const SYMBOL_BITS = 5;
const SYMBOLS = 1 << SYMBOL_BITS;
/** letters and digits in a row by which a beginning is told */
const WINDOW = 3;
const KEYS = SYMBOLS ** WINDOW;
/** escapes that are remembered: with more of them between its letters nothing is a form of anything */
const RECENT = 64;
/** how far apart two of its symbols may be */
const FARTHEST = 1024;

/** By how many bits a byte moves the key: those of a symbol, none when it counts for nothing, more when it may escape. */
const SHIFTS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (isAlphanumeric(byte)) return SYMBOL_BITS;
  return byte === 0x25 || byte === 0x26 || byte === 0x5c ? SYMBOL_BITS + 1 : 0;
});
const VALUES = Uint8Array.from({ length: 256 }, (_, byte) => (isAlphanumeric(byte) ? symbolOf(byte) : 0));

/** Letters by themselves, in either case; digits share the numbers that are left. */
export function symbolOf(code: number): number {
  return code >= 0x40 ? (code & 0x1f) - 1 : 26 + ((code - 0x30) % 6);
}

/** The keys of all texts that begin with some characters, of which only letters and digits count. */
export function keysOf(beginning: Uint32Array): number[] {
  const complete = (symbols: readonly number[]): number[] =>
    symbols.length === WINDOW
      ? [symbols.reduce((key, symbol) => key * SYMBOLS + symbol, 0)]
      : Array.from({ length: SYMBOLS }, (_, symbol) => complete([...symbols, symbol])).flat();
  return complete([...beginning].filter(isAlphanumeric).slice(0, WINDOW).map(symbolOf));
}

/** Which keys are looked for. */
export const createKeySet = (): Uint8Array => new Uint8Array(KEYS);

/**
 * Reads bytes as a row of letters and digits, with escapes undone and all else
 * left out, and stops where the last three of them make a key that is looked
 * for. Without a branch where there is none: a branch for every byte takes
 * three times as long.
 */
export class SymbolReader {
  /** of where it stopped */
  key = 0;
  /** where an escape begins that the bytes end within, or -1 */
  cut = -1;
  readonly #bytes: Uint8Array;
  readonly #isLast: boolean;
  readonly #keys: Uint8Array;
  readonly #starts = new Int32Array(RECENT);
  readonly #ends = new Int32Array(RECENT);
  readonly #areSymbols = new Uint8Array(RECENT);
  #escapes = 0;
  #at = 0;

  /** `isLast`: no bytes come after these. */
  constructor(bytes: Uint8Array, isLast: boolean, keys: Uint8Array) {
    this.#bytes = bytes;
    this.#isLast = isLast;
    this.#keys = keys;
  }

  /** Goes to the next key that is looked for, and says where its first symbol is; -1 when there is none. */
  next(): number {
    while (this.#toKeyOrEscape()) {
      const start = this.#symbolBefore(this.#symbolBefore(this.#symbolBefore(this.#at)));
      if (start >= 0) return start;
    }
    return -1;
  }

  /** Where the last symbols are that too few follow for a key, first one first. */
  remaining(): number[] {
    const last = this.#symbolBefore(this.#at);
    return [this.#symbolBefore(last), last].filter((at) => at >= 0);
  }

  /** False at the end of the bytes; true where a key stands. */
  #toKeyOrEscape(): boolean {
    const [bytes, keys] = [this.#bytes, this.#keys];
    let [at, key] = [this.#at, this.key];
    while (at < bytes.length) {
      const byte = bytes[at]!;
      const shift = SHIFTS[byte]!;
      const before = key;
      key = ((key << shift) | VALUES[byte]!) & (KEYS - 1);
      at += 1;
      if (shift > SYMBOL_BITS) {
        this.key = before;
        at = this.#passEscape(at - 1);
        key = this.key;
      }
      // a byte that counts for nothing leaves the key as it was
      if (keys[key] === 1 && shift !== 0) {
        this.#at = at;
        this.key = key;
        return true;
      }
    }
    this.#at = at;
    this.key = key;
    return false;
  }

  /** Takes what an escape stands for as the next symbol, if it is one; returns where to go on. */
  #passEscape(at: number): number {
    const escape = readEscape(this.#bytes, at);
    if (escape === undefined || (escape === "incomplete" && this.#isLast)) return at + 1;
    if (escape === "incomplete") {
      this.cut = at;
      this.#remember(at, this.#bytes.length, false);
      return this.#bytes.length;
    }
    const isSymbol = isAlphanumeric(escape.code);
    if (isSymbol) this.key = ((this.key << SYMBOL_BITS) | symbolOf(escape.code)) & (KEYS - 1);
    this.#remember(at, escape.next, isSymbol);
    return escape.next;
  }

  #remember(start: number, end: number, isSymbol: boolean): void {
    const index = this.#escapes % RECENT;
    this.#starts[index] = start;
    this.#ends[index] = end;
    this.#areSymbols[index] = isSymbol ? 1 : 0;
    this.#escapes += 1;
  }

  /** Where the last symbol is that ends at or before `end`; -1 when none is near. */
  #symbolBefore(end: number): number {
    // what is older was forgotten
    const oldest = Math.max(-1, this.#escapes - RECENT - 1);
    let escape = this.#escapes - 1;
    let at = end;
    while (at > Math.max(0, end - FARTHEST)) {
      while (escape > oldest && this.#ends[escape % RECENT]! > at) escape -= 1;
      if (escape >= 0 && escape === oldest) return -1;
      if (escape >= 0 && this.#ends[escape % RECENT] === at) {
        at = this.#starts[escape % RECENT]!;
        if (this.#areSymbols[escape % RECENT] === 1) return at;
      } else {
        at -= 1;
        if (isAlphanumeric(this.#bytes[at]!)) return at;
      }
    }
    return -1;
  }
}
