import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatOfId, type ObjectFormat } from "../../object-format.ts";
import { type GitAccess, gitOutput } from "../../process/git-process.ts";
import { type PushedObject, readObjects } from "../push-objects.ts";
import { divide, type PatchContents } from "./scan-patches.ts";

/**
 * A repository of commits that add every file of a push once, whole, and the texts of its commits and tags.
 *
 * gitleaks reads patches as `git log` writes them. A history hides things in them that a scan must see: merges, tags,
 * binary files, names that the patches' reader does not understand, commits of a range that cannot be read. Here are
 * patches with names of ours, so that what was read can be counted to the byte. There are several of them when a push
 * is large: gitleaks holds a patch whole, several times.
 */
export interface ScanRepository {
  readonly access: GitAccess;
  readonly patches: readonly ScanPatch[];
}

/** One commit without a parent. */
export interface ScanPatch {
  readonly ref: string;
  /** of all that it adds */
  readonly bytes: number;
  readonly isDecoded: boolean;
}

/** A made-up secret in the last file of each patch: who finds it has read all that comes before. */
export const CANARY = {
  file: "z/canary",
  rule: "git-gate-canary",
  text: "git-gate-canary-4f1d0a7c3b9e",
} as const;

const CONFIG = [
  ["core", ["repositoryFormatVersion=1", "bare=true", "attributesFile=/dev/null"]],
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
    // without objects it needs none of git's, which may be named otherwise
    const [first] = objects;
    writeEmpty(folder, first === undefined ? "sha1" : formatOfId(first.id));
    const environment = first === undefined ? {} : alternatesOf(access);
    const own = { ...access, gitDir: folder, environment };
    const contents = await divide(access, objects);
    // a scan of nothing shows that there could be one
    const parts = contents.length === 0 ? [NOTHING] : contents;
    const input = linesOf(access, objects, parts);
    for await (const _ of gitOutput(own, ["fast-import", "--quiet"], input));
    const patches = parts.map(({ bytes, isDecoded }, number) => {
      return { ref: refOf(number), bytes: bytes + CANARY.text.length, isDecoded };
    });
    return await use({ access: own, patches });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The file that stands for an object in the patch begins with its place in the list. */
export const objectOfFile = (file: string): number => Number(/^\d+(?=\/)/.exec(file)?.[0] ?? -1);

function writeEmpty(folder: string, format: ObjectFormat): void {
  mkdirSync(join(folder, "objects"));
  mkdirSync(join(folder, "refs"));
  writeFileSync(join(folder, "HEAD"), "ref: refs/heads/none\n");
  const sections = [...CONFIG, ["extensions", [`objectFormat=${format}`]] as const].map(
    ([name, settings]) => `[${name}]\n\t${settings.join("\n\t")}\n`,
  );
  writeFileSync(join(folder, "config"), sections.join(""));
}

/** Where the mirror and the push have their objects. */
function alternatesOf({ gitDir, environment }: GitAccess): Record<string, string> {
  const places = [...OBJECTS.map((name) => environment[name] ?? ""), join(gitDir, "objects")];
  return { GIT_ALTERNATE_OBJECT_DIRECTORIES: places.filter((place) => existsSync(place)).join(":") };
}

const NOTHING: PatchContents = { indexes: [], bytes: 0, isDecoded: true };
const refOf = (number: number): string => `refs/heads/scan-${number}`;

/** What git fast-import is told. */
async function* linesOf(
  access: GitAccess,
  objects: readonly PushedObject[],
  parts: readonly PatchContents[],
): AsyncGenerator<string | Buffer> {
  const listed = parts.flatMap(({ indexes }) => indexes.flatMap((index) => objects[index] ?? []));
  const texts = readTexts(access, listed);
  for (const [number, { indexes }] of parts.entries()) {
    yield `commit ${refOf(number)}\ncommitter git-gate <git-gate@localhost> 0 +0000\ndata 0\n`;
    for (const index of indexes) {
      const object = objects[index];
      if (object?.type === "blob") yield `M 100644 ${object.id} ${index}/${nameOf(object)}\n`;
      if (object === undefined || !isText(object)) continue;
      yield inline(`${index}/${object.type}`, object.size);
      yield (await texts.next()).value ?? "";
      yield "\n";
    }
    yield `${inline(CANARY.file, CANARY.text.length)}${CANARY.text}\n`;
  }
}

const inline = (file: string, length: number): string => `M 100644 inline ${file}\ndata ${length}\n`;

const isText = ({ type }: PushedObject): boolean => type === "commit" || type === "tag";

/** Commits and tags, raw: no file holds them, and the owner's rules are for them as well. */
async function* readTexts(
  access: GitAccess,
  objects: readonly PushedObject[],
): AsyncGenerator<Buffer, undefined> {
  const texts = objects.filter(isText);
  if (texts.length === 0) return undefined;
  // whoever reads them may be behind
  for await (const { bytes } of readObjects(access, texts)) yield Buffer.from(bytes);
  return undefined;
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
