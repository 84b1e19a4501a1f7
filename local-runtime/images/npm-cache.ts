import { execa } from "execa";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { NpmPackage } from "./npm-packages.ts";

/** The registry served something else than the product was made with. */
class IntegrityError extends Error {
  override readonly name = "IntegrityError";
}

/**
 * The tarball of a package on this machine, fetched by npm with the user's own settings when it is not there yet.
 *
 * What is in `folder` under a package's name has its integrity: it is checked before it gets the name.
 */
export async function fetchPackage(wanted: NpmPackage, folder: string, signal: AbortSignal): Promise<string> {
  const file = join(folder, `${wanted.name.replaceAll(/[@/]/g, "-")}-${wanted.version}.tgz`);
  if (await exists(file)) return file;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(folder, "fetch-"));
  try {
    await npmPack(wanted, work, signal);
    const [tarball = ""] = await readdir(work);
    await assertIntegrity(join(work, tarball), wanted);
    await rename(join(work, tarball), file);
    return file;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function npmPack(wanted: NpmPackage, destination: string, signal: AbortSignal): Promise<void> {
  const spec = `${wanted.name}@${wanted.version}`;
  const result = await execa("npm", ["pack", "--ignore-scripts", "--pack-destination", destination, spec], {
    cwd: destination,
    cancelSignal: signal,
    reject: false,
  });
  if (result.exitCode === 0) return;
  signal.throwIfAborted();
  throw new Error(`npm could not fetch ${spec}: ${result.stderr || result.message}`);
}

async function assertIntegrity(file: string, { name, version, integrity }: NpmPackage): Promise<void> {
  const hash = createHash("sha512");
  await pipeline(createReadStream(file), hash);
  if (`sha512-${hash.digest("base64")}` === integrity) return;
  throw new IntegrityError(`the registry's ${name} ${version} is not the one this product was made with`);
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
