import { readEscape } from "./escapes.ts";
import { isAlphanumeric } from "./forms.ts";
import type { Match } from "./match-form.ts";
import type { Pattern } from "./pattern.ts";
import { createKeySet, keysOf, symbolOf, SymbolReader } from "./symbols.ts";

/** A pattern that stands somewhere, or may begin there. */
export interface Found {
  readonly pattern: Pattern;
  readonly match: NonNullable<Match>;
}

/** Finds where patterns stand or may begin: by their first three letters or digits, and then by trying them there. */
export class PatternTable {
  readonly #patterns: readonly Pattern[];
  readonly #byKey = new Map<number, Pattern[]>();
  readonly #bySymbol = new Map<number, Pattern[]>();
  readonly #keys = createKeySet();

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
    for (const pattern of patterns) {
      const first = pattern.beginning.find(isAlphanumeric) ?? 0;
      addTo(this.#bySymbol, symbolOf(first), pattern);
      for (const key of keysOf(pattern.beginning)) {
        addTo(this.#byKey, key, pattern);
        this.#keys[key] = 1;
      }
    }
  }

  /** Calls `visit` with what is found, in order of place, until it says false. `isLast`: no bytes come after these. */
  search(bytes: Uint8Array, isLast: boolean, visit: (found: Found) => boolean): void {
    const reader = new SymbolReader(bytes, isLast, this.#keys);
    for (let at = reader.next(); at >= 0; at = reader.next()) {
      const found = tryAll(this.#byKey.get(reader.key), bytes, at, isLast);
      if (found !== undefined && !visit(found)) return;
    }
    for (const at of [...reader.remaining(), ...(reader.cut < 0 ? [] : [reader.cut])]) {
      const found = tryAll(this.#beginningAt(bytes, at), bytes, at, isLast);
      if (found !== undefined && !visit(found)) return;
    }
  }

  /** What may begin where too few letters or digits follow for a key. */
  #beginningAt(bytes: Uint8Array, at: number): readonly Pattern[] | undefined {
    const escape = readEscape(bytes, at);
    if (escape === "incomplete") return this.#patterns;
    const code = escape?.code ?? bytes[at] ?? 0;
    return isAlphanumeric(code) ? this.#bySymbol.get(symbolOf(code)) : undefined;
  }
}

/** The longest that stands there; or, when there may be one that is longer, that one. */
function tryAll(
  patterns: readonly Pattern[] | undefined,
  bytes: Uint8Array,
  at: number,
  isLast: boolean,
): Found | undefined {
  let best: Found | undefined;
  for (const pattern of patterns ?? []) {
    const match = pattern.match(bytes, at, isLast);
    if (match === undefined || (match.kind === "more" && isLast)) continue;
    if (best === undefined || isBetter(match, best.match, bytes.length)) best = { pattern, match };
  }
  return best;
}

function isBetter(one: NonNullable<Match>, other: NonNullable<Match>, length: number): boolean {
  if (one.kind === "match" && other.kind === "match") return one.end > other.end;
  if (one.kind === "match") return other.kind === "more" && other.holdFrom >= length;
  return one.holdFrom < (other.kind === "more" ? other.holdFrom : length);
}

function addTo(map: Map<number, Pattern[]>, key: number, pattern: Pattern): void {
  const patterns = map.get(key);
  if (patterns === undefined) map.set(key, [pattern]);
  else patterns.push(pattern);
}
