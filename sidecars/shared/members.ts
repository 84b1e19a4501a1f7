interface Member<T> {
  readonly value: T;
  at: number;
}

/**
 * Who is there now, of many that come and go. In place of a Set, of which V8 makes a new table every few changes: an old
 * table that outlived a collection keeps whatever was in it, and the table after it, until the next full one.
 */
export class Members<T> implements Iterable<T> {
  readonly #members: Member<T>[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** Gives what takes it out again, once. */
  add(value: T): () => void {
    const member = { value, at: this.#members.length };
    this.#members.push(member);
    return () => this.#remove(member);
  }

  /** Those that are there when it is asked, in no order. */
  [Symbol.iterator](): Iterator<T> {
    return this.#members.map(({ value }) => value).values();
  }

  #remove(member: Member<T>): void {
    if (this.#members[member.at] !== member) return;
    const last = this.#members.pop()!;
    if (last === member) return;
    last.at = member.at;
    this.#members[member.at] = last;
  }
}
