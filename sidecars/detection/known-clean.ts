/** longer texts are looked at each time */
const LONGEST = 8 * 1024;
/** of one generation */
const MOST_CHARACTERS = 512 * 1024;

/**
 * Texts that were looked at and hold nothing, with what was read of each: what
 * each request of an agent repeats is looked at once. Belongs to one detector,
 * so other rules and other known values judge anew. Bounded: when a generation
 * of them is full the one before it is forgotten, but for what was met since.
 */
export class KnownClean<Read> {
  #young = new Map<string, Read>();
  #old: ReadonlyMap<string, Read> = new Map();
  /** of the young ones */
  #characters = 0;

  /** Undefined of a text that is not known. */
  readOf(text: string): Read | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old !== undefined) this.#keep(text, old);
    return old;
  }

  add(text: string, read: Read): void {
    if (text.length <= LONGEST && !this.#young.has(text)) this.#keep(text, read);
  }

  #keep(text: string, read: Read): void {
    if (this.#characters + text.length > MOST_CHARACTERS) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#characters = 0;
    }
    this.#young.set(text, read);
    this.#characters += text.length;
  }
}
