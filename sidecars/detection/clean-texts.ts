/** longer texts are looked at each time */
const LONGEST = 8 * 1024;
/** of all that are remembered */
const MOST_CHARACTERS = 1024 * 1024;

/**
 * Texts that were looked at and hold nothing: what each request of an agent
 * repeats is looked at once. Belongs to one detector, so other rules and other
 * known values judge anew. Bounded; those that were met longest ago are forgotten.
 */
export class CleanTexts {
  /** in the order of use */
  readonly #texts = new Set<string>();
  #characters = 0;

  has(text: string): boolean {
    if (!this.#texts.delete(text)) return false;
    this.#texts.add(text);
    return true;
  }

  add(texts: readonly string[]): void {
    for (const text of texts) {
      if (text.length > LONGEST || this.#texts.has(text)) continue;
      this.#texts.add(text);
      this.#characters += text.length;
    }
    for (const oldest of this.#texts) {
      if (this.#characters <= MOST_CHARACTERS) return;
      this.#texts.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}
