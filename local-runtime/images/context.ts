import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { PassThrough } from "node:stream";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { extract, pack } from "tar-stream";
import type { Pack } from "tar-stream";
import type { NpmPackage } from "./npm-packages.ts";

/** Something in a build context. Paths are relative, with slashes. */
export type ContextEntry =
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly content: string | Buffer }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  /** a file of this machine, as it was when its digest was taken */
  | {
      readonly kind: "disk";
      readonly path: string;
      readonly file: string;
      readonly size: number;
      readonly mode: number;
      readonly sha256: string;
    }
  /** files of a package: what lies under `from` goes under `to`; `mode` replaces the package's own */
  | {
      readonly kind: "npm";
      readonly package: NpmPackage;
      readonly from: string;
      readonly to: string;
      readonly mode?: number;
    };

/** SHA-256 over everything that decides what a context holds, without fetching any of it; 16 hexadecimal digits. */
export function hashEntries(entries: readonly ContextEntry[], more: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(more));
  for (const entry of entries) {
    const content = entry.kind === "file" ? entry.content : "";
    const about = JSON.stringify({ ...entry, content: content.length, file: undefined });
    hash.update(about).update(content);
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * The context as a tar stream, everything owned by root and as old as the epoch.
 *
 * Reading it fails with whatever `tarballOf` or a file fails with.
 */
export function packContext(entries: readonly ContextEntry[], tarballOf: TarballOf): Readable {
  const archive = pack();
  // A stream of Node's own in front, for tar-stream's does not carry a failure to a request that it is piped into.
  const output = new PassThrough();
  void Promise.all([pipeline(archive, output), fill(archive, entries, tarballOf)]).catch((error: unknown) => {
    output.destroy(error as Error);
    archive.destroy();
  });
  return output;
}

type TarballOf = (wanted: NpmPackage) => Promise<string>;

async function fill(archive: Pack, entries: readonly ContextEntry[], tarballOf: TarballOf): Promise<void> {
  for (const entry of entries) await addEntry(archive, entry, tarballOf);
  archive.finalize();
}

async function addEntry(archive: Pack, entry: ContextEntry, tarballOf: TarballOf): Promise<void> {
  switch (entry.kind) {
    case "file":
      return add(archive, { name: entry.path, mode: entry.mode }, entry.content);
    case "link":
      return add(archive, { name: entry.path, type: "symlink", linkname: entry.target });
    case "disk": {
      const { path: name, size, mode, file } = entry;
      return pipeline(createReadStream(file), archive.entry({ name, size, mode, mtime: EPOCH }));
    }
    case "npm":
      return addPackage(archive, entry, await tarballOf(entry.package));
    default:
      return entry satisfies never;
  }
}

async function addPackage(
  archive: Pack,
  entry: Extract<ContextEntry, { kind: "npm" }>,
  tarball: string,
): Promise<void> {
  const files = extract();
  const reading = pipeline(createReadStream(tarball), createGunzip(), files);
  for await (const file of files) {
    const { name, size, mode, type } = file.header;
    if (type !== "file" || !name.startsWith(entry.from)) {
      file.resume();
      continue;
    }
    const header = {
      name: entry.to + name.slice(entry.from.length),
      size: size ?? 0,
      mode: entry.mode ?? mode ?? 0o644,
    };
    await pipeline(file, archive.entry({ ...header, mtime: EPOCH }));
  }
  await reading;
}

const EPOCH = new Date(0);

function add(
  archive: Pack,
  header: Parameters<Pack["entry"]>[0],
  content: string | Buffer = "",
): Promise<void> {
  return new Promise((resolve, reject) => {
    archive.entry({ ...header, mtime: EPOCH }, Buffer.from(content), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
