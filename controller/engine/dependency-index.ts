/**
 * Who depends on whom, directly or through others. Nodes are names; a lookup
 * costs what it finds, however many nodes there are.
 */
export class DependencyIndex {
  readonly #uses = new Map<string, readonly string[]>();
  readonly #usedBy = new Map<string, Set<string>>();

  /** Replaces what `node` uses; what it uses need not be known. */
  set(node: string, uses: readonly string[]): void {
    this.remove(node);
    this.#uses.set(node, uses);
    for (const used of uses) {
      const users = this.#usedBy.get(used) ?? new Set();
      this.#usedBy.set(used, users.add(node));
    }
  }

  /** Forgets what `node` uses; who uses it stays known, for it may come back. */
  remove(node: string): void {
    for (const used of this.#uses.get(node) ?? []) {
      const users = this.#usedBy.get(used);
      users?.delete(node);
      if (users?.size === 0) this.#usedBy.delete(used);
    }
    this.#uses.delete(node);
  }

  /** All that uses `node`, directly or not, each once; cycles end. */
  dependentsOf(node: string): Set<string> {
    const found = new Set<string>();
    const open = [node];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const user of this.#usedBy.get(next) ?? []) {
        if (found.has(user)) continue;
        found.add(user);
        open.push(user);
      }
    }
    return found;
  }
}
