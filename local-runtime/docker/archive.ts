import { posix } from "node:path";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import type { Header, Pack } from "tar-stream";
import type { ProvisionedFile, SandboxSpec } from "../../reconcilers/contract/sandbox-runtime.ts";

type FileOwner = ProvisionedFile["owner"];

/**
 * One tar to be unpacked at the root of a container that was never started; undefined when there is nothing to write.
 *
 * Throws when a file does not lie where it belongs: `files` outside every volume, `homeFiles` inside one.
 */
export async function provisioningArchive(spec: SandboxSpec): Promise<Buffer | undefined> {
  const files = spec.files.map(normalized);
  const homeFiles = (spec.homeFiles ?? []).map(normalized);
  if (files.length + homeFiles.length === 0) return undefined;
  const stray = files.find(({ path }) => volumeAt(spec, path) !== undefined);
  if (stray !== undefined) throw new Error(`${stray.path} would be written through a volume`);

  const archive = pack();
  const reading = buffer(archive);
  for (const [path, owner] of homeFolders(spec, homeFiles)) {
    await add(archive, { name: path, type: "directory", mode: 0o755, ...owner });
  }
  for (const { path, mode, owner, content, encoding } of [...files, ...homeFiles]) {
    await add(archive, { name: path, mode, ...owner }, Buffer.from(content, encoding));
  }
  archive.finalize();
  return reading;
}

/** Without `..`, by which a path would seem to lie where it does not. */
const normalized = (file: ProvisionedFile): ProvisionedFile => ({
  ...file,
  path: posix.normalize(file.path),
});

/**
 * Every folder from the volume down to each file, outermost first.
 *
 * The engine gives a folder that a tar only implies to root, and follows a link that stands in its place; one with an
 * entry of its own gets its owner and takes the place of a link.
 */
function homeFolders(spec: SandboxSpec, files: readonly ProvisionedFile[]): ReadonlyMap<string, FileOwner> {
  const folders = new Map<string, FileOwner>();
  for (const { path, owner } of files) {
    const top = volumeAt(spec, path);
    if (top === undefined) throw new Error(`${path} does not lie in the home`);
    const below = posix.relative(top, posix.dirname(path)).split("/");
    for (let depth = 0; depth <= below.length; depth += 1) {
      const folder = posix.join(top, ...below.slice(0, depth));
      if (!folders.has(folder)) folders.set(folder, owner);
    }
  }
  return folders;
}

/** Where the volume is mounted that holds `path`; undefined when none does. */
function volumeAt({ mounts }: SandboxSpec, path: string): string | undefined {
  return mounts.map((mount) => mount.path).find((top) => path.startsWith(`${top}/`));
}

function add(
  archive: Pack,
  header: Partial<Header> & { readonly name: string },
  content?: Buffer,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const name = posix.relative("/", header.name);
    archive.entry({ ...header, name }, content ?? "", (error) => (error ? reject(error) : resolve()));
  });
}
