/** longer texts are looked at each time */
const LONGEST = 8 * 1024;
/** of one generation */
const MOST_CHARACTERS = 512 * 1024;

/**
 * Texts that were looked at and hold nothing: what each request of an agent
 * repeats is looked at once. Belongs to one detector, so other rules and other
 * known values judge anew. Bounded: when a generation of them is full the one
 * before it is forgotten, but for what was met since.
 */
export class CleanTexts {
  #young = new Set<string>();
  #old: ReadonlySet<string> = new Set();
  /** of the young ones */
  #characters = 0;

  has(text: string): boolean {
    if (this.#young.has(text)) return true;
    if (!this.#old.has(text)) return false;
    this.#keep(text);
    return true;
  }

  add(texts: readonly string[]): void {
    for (const text of texts) {
      if (text.length <= LONGEST && !this.#young.has(text)) this.#keep(text);
    }
  }

  #keep(text: string): void {
    if (this.#characters + text.length > MOST_CHARACTERS) {
      this.#old = this.#young;
      this.#young = new Set();
      this.#characters = 0;
    }
    this.#young.add(text);
    this.#characters += text.length;
  }
}
