/** One line of a tree object. */
export interface TreeEntry {
  readonly kind: "file" | "directory" | "submodule";
  /** each byte one character */
  readonly name: string;
  /** the raw id, each byte one character */
  readonly rawId: string;
}

/** no file system goes deeper */
const MAX_DEPTH = 2048;

/** Takes a tree object apart; an error when it is not one. `idLength` is in bytes. */
export function treeEntries(bytes: Buffer, idLength: number): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const end = bytes.indexOf(0, space);
    const next = end + 1 + idLength;
    if (space < at || end < space || next > bytes.length) throw new Error("a tree that cannot be read");
    entries.push({
      kind: kindOf(bytes.toString("latin1", at, space)),
      name: bytes.toString("latin1", space + 1, end),
      rawId: bytes.toString("latin1", end + 1, next),
    });
    at = next;
  }
  return entries;
}

/** As git reads modes: what is neither file, link nor directory it takes for a submodule. */
function kindOf(mode: string): TreeEntry["kind"] {
  if (!/^[0-7]{1,6}$/.test(mode)) throw new Error("a tree that cannot be read");
  const type = Number.parseInt(mode, 8) & 0o170000;
  if (type === 0o040000) return "directory";
  return type === 0o100000 || type === 0o120000 ? "file" : "submodule";
}

/**
 * What a tree says besides the ids of its files: names, and the ids of submodules.
 * Those name objects that need not exist anywhere, so they can hold any twenty bytes.
 */
export function treeText(entries: readonly TreeEntry[]): string {
  const names = entries.map(({ name }) => name);
  const links = entries.filter(({ kind }) => kind === "submodule").map(({ rawId }) => rawId);
  return [...names, ...links, links.join("")].join("\n");
}

interface Tree {
  /** absent as long as nobody has shown it, as with what upstream has */
  contents?: { readonly files: number; readonly directories: readonly Tree[] };
  /** what it unfolds into, once that was counted */
  count?: number;
}

/**
 * Counts what trees unfold into. A few hundred bytes of trees that name each other
 * many times are billions of files to whoever checks them out.
 */
export class UnfoldedTrees {
  /** by raw id; thousands of trees name the same ones, which are held once */
  readonly #trees = new Map<string, Tree>();

  add(id: string, entries: readonly TreeEntry[]): void {
    const directories = entries.filter(({ kind }) => kind === "directory");
    this.#tree(Buffer.from(id, "hex").toString("latin1")).contents = {
      files: entries.length - directories.length,
      directories: directories.map(({ rawId }) => this.#tree(rawId)),
    };
  }

  /** How many files and directories the largest of the trees unfolds into; what upstream has counts as one. */
  largest(): number {
    let largest = 0;
    for (const tree of this.#trees.values()) largest = Math.max(largest, countOf(tree, 0));
    return largest;
  }

  #tree(rawId: string): Tree {
    const tree = this.#trees.get(rawId) ?? {};
    this.#trees.set(rawId, tree);
    return tree;
  }
}

function countOf(tree: Tree, depth: number): number {
  if (tree.count !== undefined) return tree.count;
  if (tree.contents === undefined) return 1;
  if (depth > MAX_DEPTH) return Number.POSITIVE_INFINITY;
  let count = 1 + tree.contents.files;
  for (const directory of tree.contents.directories) count += countOf(directory, depth + 1);
  tree.count = count;
  return count;
}
