import dockerignore from "@balena/dockerignore";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ContextEntry } from "./context.ts";
import { ImageBuildError } from "./image-engine.ts";

/** What one build may be given; more is a folder that was not meant, such as a home. */
const CONTEXT_LIMITS = { entries: 20_000, bytes: 2 ** 30 };

interface Digest {
  /** size, time and inode of the file when it was read */
  readonly of: string;
  readonly sha256: string;
}

/** Reads folders as build contexts. A file is read again only when its size, time or inode changed. */
export class FolderContexts {
  readonly #digests = new Map<string, Digest>();
  readonly #limits: typeof CONTEXT_LIMITS;

  constructor(limits: typeof CONTEXT_LIMITS = CONTEXT_LIMITS) {
    this.#limits = limits;
  }

  /**
   * Everything below `folder` that its .dockerignore leaves, in a fixed order; `always` is in it in any case.
   *
   * Links stay links and are not followed; sockets, pipes and devices are left out. Throws ImageBuildError when it
   * is too large.
   */
  async read(folder: string, always: string): Promise<readonly ContextEntry[]> {
    const isLeftOut = await leftOutBy(join(folder, ".dockerignore"));
    const entries: ContextEntry[] = [];
    let bytes = 0;
    for await (const path of walk(folder, "", isLeftOut)) {
      if (path !== always && isLeftOut(path)) continue;
      const entry = await this.#entryOf(join(folder, path), path);
      if (entry === undefined) continue;
      entries.push(entry);
      bytes += entry.kind === "disk" ? entry.size : 0;
      if (entries.length > this.#limits.entries || bytes > this.#limits.bytes) throw tooLarge(folder);
    }
    return entries;
  }

  async #entryOf(file: string, path: string): Promise<ContextEntry | undefined> {
    const stats = await lstat(file);
    if (stats.isSymbolicLink()) return { kind: "link", path, target: await readlink(file) };
    if (!stats.isFile()) return undefined;
    const sha256 = await this.#digestOf(file, `${stats.size} ${stats.mtimeMs} ${stats.ino}`);
    return { kind: "disk", path, file, size: stats.size, mode: stats.mode & 0o777, sha256 };
  }

  async #digestOf(file: string, of: string): Promise<string> {
    const known = this.#digests.get(file);
    if (known?.of === of) return known.sha256;
    const hash = createHash("sha256");
    await pipeline(createReadStream(file), hash);
    const sha256 = hash.digest("hex");
    this.#digests.set(file, { of, sha256 });
    return sha256;
  }
}

/** Paths of what is no folder, sorted within each folder; a folder that is left out whole is not looked into. */
async function* walk(folder: string, below: string, isLeftOut: LeftOut): AsyncIterable<string> {
  const items = await readdir(join(folder, below), { withFileTypes: true });
  for (const item of items.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === "" ? item.name : `${below}/${item.name}`;
    if (!item.isDirectory()) yield path;
    else if (!isLeftOut.whole(path)) yield* walk(folder, path, isLeftOut);
  }
}

interface LeftOut {
  (path: string): boolean;
  /** whether nothing below a folder can be wanted */
  readonly whole: (path: string) => boolean;
}

async function leftOutBy(ignoreFile: string): Promise<LeftOut> {
  const lines = await linesOf(ignoreFile);
  const rules = dockerignore.default().add(lines);
  const hasExceptions = lines.some((line) => line.startsWith("!"));
  const ignores = (path: string): boolean => rules.ignores(path);
  return Object.assign(ignores, { whole: (path: string) => !hasExceptions && ignores(path) });
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return (await readFile(file, "utf8")).split(/\r?\n/);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

const tooLarge = (folder: string): ImageBuildError =>
  new ImageBuildError(
    `${folder} is too large for a build context: leave out what the Dockerfile does not need with a .dockerignore, ` +
      "or put the Dockerfile in a folder of its own",
  );
