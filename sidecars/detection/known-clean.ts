/** what costs more is looked at each time */
const LARGEST = 8 * 1024;
/** of one generation */
const MOST = 512 * 1024;

interface Kept<Read> {
  readonly read: Read;
  readonly cost: number;
}

/**
 * Texts that were looked at and hold nothing, with what was read of each: what
 * each request of an agent repeats is looked at once. Belongs to one detector,
 * so other rules and other known values judge anew. Bounded: when a generation
 * of them is full the one before it is forgotten, but for what was met since.
 */
export class KnownClean<Read> {
  #young = new Map<string, Kept<Read>>();
  #old: ReadonlyMap<string, Kept<Read>> = new Map();
  /** of the young ones */
  #cost = 0;

  /** Undefined of a text that is not known. */
  readOf(text: string): Read | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young.read;
    const old = this.#old.get(text);
    if (old !== undefined) this.#keep(text, old);
    return old?.read;
  }

  /** `cost`: characters, or what takes as much memory as so many. */
  add(text: string, read: Read, cost = text.length): void {
    if (cost <= LARGEST && !this.#young.has(text)) this.#keep(text, { read, cost });
  }

  #keep(text: string, kept: Kept<Read>): void {
    if (this.#cost + kept.cost > MOST) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#cost = 0;
    }
    this.#young.set(text, kept);
    this.#cost += kept.cost;
  }
}
