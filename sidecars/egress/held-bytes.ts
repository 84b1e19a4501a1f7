/** Memory that many together may fill with what nobody has taken yet. */
export class HeldBytes {
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  /** False, and nothing is held, when there is no room. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}
