/** The last few of what was added, oldest first. */
export class Recent<T> {
  readonly #most: number;
  #items: readonly T[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  add(item: T): void {
    this.#items = [...this.#items, item].slice(-this.#most);
  }

  get items(): readonly T[] {
    return this.#items;
  }

  clear(): void {
    this.#items = [];
  }
}
