import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type GitAccess, gitOutput } from "../../process/git-process.ts";
import { type PushedObject, readObjects } from "../push-objects.ts";

/**
 * A repository of one commit, which adds every file of a push once, whole, and the texts of its commits and tags.
 *
 * gitleaks reads patches as `git log` writes them. A history hides things in them that a scan must see: merges, tags,
 * binary files, names that the patches' reader does not understand, commits of a range that cannot be read. Here is
 * one patch with names of ours, so that what was read can be counted to the byte.
 */
export interface ScanRepository {
  readonly access: GitAccess;
  /** of all that it adds */
  readonly bytes: number;
}

/** The one branch. */
export const SCAN_REF = "refs/heads/scan";
/** A made-up secret in the last file of the patch: who finds it has read all that comes before. */
export const CANARY = {
  file: "z/canary",
  rule: "git-gate-canary",
  text: "git-gate-canary-4f1d0a7c3b9e",
} as const;

const CONFIG = [
  ["core", ["repositoryFormatVersion=0", "bare=true", "attributesFile=/dev/null"]],
  ["fastimport", ["unpackLimit=1"]],
  ["gc", ["auto=0"]],
  // gitleaks takes every word of git for a failure
  ["advice", ["graftFileDeprecated=false"]],
] as const;
const OBJECTS = ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"];

/** Makes one in a folder of its own, gives it to `use` and removes it. The files stay where git has them. */
export async function withScanRepository<T>(
  access: GitAccess,
  objects: readonly PushedObject[],
  use: (repository: ScanRepository) => Promise<T>,
): Promise<T> {
  // what git holds in quarantine goes with it, should this process die
  const folder = mkdtempSync(join(access.environment["GIT_QUARANTINE_PATH"] ?? access.gitDir, "scan-"));
  try {
    writeEmpty(folder);
    const own = { ...access, gitDir: folder, environment: alternatesOf(access) };
    const input = new Import(access, objects);
    for await (const _ of gitOutput(own, ["fast-import", "--quiet"], input.stream()));
    return await use({ access: own, bytes: input.bytes });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The file that stands for an object in the patch begins with its place in the list. */
export const objectOfFile = (file: string): number => Number(/^\d+(?=\/)/.exec(file)?.[0] ?? -1);

function writeEmpty(folder: string): void {
  mkdirSync(join(folder, "objects"));
  mkdirSync(join(folder, "refs"));
  writeFileSync(join(folder, "HEAD"), "ref: refs/heads/none\n");
  const sections = CONFIG.map(([name, settings]) => `[${name}]\n\t${settings.join("\n\t")}\n`);
  writeFileSync(join(folder, "config"), sections.join(""));
}

/** Where the mirror and the push have their objects. */
function alternatesOf({ gitDir, environment }: GitAccess): Record<string, string> {
  const places = [...OBJECTS.map((name) => environment[name] ?? ""), join(gitDir, "objects")];
  return { GIT_ALTERNATE_OBJECT_DIRECTORIES: places.filter((place) => existsSync(place)).join(":") };
}

/** What git fast-import is told. */
class Import {
  bytes = 0;
  readonly #access: GitAccess;
  readonly #objects: readonly PushedObject[];

  constructor(access: GitAccess, objects: readonly PushedObject[]) {
    this.#access = access;
    this.#objects = objects;
  }

  async *stream(): AsyncGenerator<string | Buffer> {
    yield `commit ${SCAN_REF}\ncommitter git-gate <git-gate@localhost> 0 +0000\ndata 0\n`;
    for (const [index, object] of this.#objects.entries()) {
      if (object.type === "blob")
        yield this.#counted(object.size, `${object.id} ${index}/${nameOf(object)}\n`);
    }
    yield* this.#texts();
    yield this.#inline(CANARY.file, CANARY.text.length);
    yield `${CANARY.text}\n`;
  }

  /** Commits and tags, raw: no file holds them, and the owner's rules are for them as well. */
  async *#texts(): AsyncGenerator<string | Buffer> {
    const all = this.#objects.map((object, index) => ({ object, index }));
    const texts = all.filter(({ object: { type } }) => type === "commit" || type === "tag");
    if (texts.length === 0) return;
    let at = 0;
    for await (const { object, bytes } of readObjects(
      this.#access,
      texts.map(({ object }) => object),
    )) {
      yield this.#inline(`${texts[at++]?.index}/${object.type}`, bytes.length);
      // whoever reads this stream may be behind
      yield Buffer.from(bytes);
      yield "\n";
    }
  }

  #inline(file: string, length: number): string {
    return this.#counted(length, `inline ${file}\ndata ${length}\n`);
  }

  #counted(length: number, file: string): string {
    this.bytes += length;
    return `M 100644 ${file}`;
  }
}

/** no rule looks at more of a path */
const LONGEST_NAME = 512;

/** The path, for rules that look at it, in letters that nothing has to be escaped in, and as no name that git refuses. */
function nameOf({ path }: PushedObject): string {
  const names = path.slice(-LONGEST_NAME).split("/");
  const safe = names.map((name) =>
    name.replaceAll(/[^\w.@+=-]/g, "_").replace(/^$|^\.(?=$|\.$|git)/i, "_$&"),
  );
  return safe.join("/");
}
