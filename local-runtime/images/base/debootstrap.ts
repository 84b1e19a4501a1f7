import { execa } from "execa";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { ImageBuildError } from "../image-engine.ts";
import type { OnLine } from "../image-engine.ts";
import type { BaseRecipe } from "../recipe.ts";
import { debianMirror } from "./mirror.ts";

/** What a running container never reads, or Docker puts there itself. */
const LEFT_OUT = [
  "./dev/*",
  "./proc/*",
  "./sys/*",
  "./etc/hostname",
  "./etc/resolv.conf",
  "./usr/share/doc/*/[!c]*",
  "./usr/share/doc/*/changelog*",
  "./usr/share/info/*",
  "./usr/share/locale/*",
  "./usr/share/man/*",
  "./var/cache/apt/*",
  "./var/cache/debconf/*-old",
  "./var/lib/apt/lists/*",
  "./var/log/*",
];

/** Ends with the process that started it, and takes its mounts and children along, whatever ended that one. */
const CONTAINED = ["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"];

/**
 * A Debian root file system from the machine's mirror, handed to `use` as a tar stream.
 *
 * Needs root. Nothing of it stays in `workFolder`, also when it fails; what a killed process left there is removed
 * first, so callers must not share a `workFolder` at one time.
 */
export async function withDebianRoot<T>(
  recipe: BaseRecipe,
  where: { readonly workFolder: string; readonly script: string },
  use: (root: Readable) => Promise<T>,
  follow: { readonly onLine: OnLine; readonly signal: AbortSignal },
): Promise<T> {
  const folder = await mkdtemp(join(where.workFolder, "debian-"));
  const root = join(folder, "root");
  try {
    const mirror = await debianMirror(follow.signal);
    await run(
      ["setpriv", ...CONTAINED, where.script, recipe.suite, mirror, root, ...recipe.packages],
      follow,
    );
    return await archived(root, use, follow.signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(
  [file = "", ...argv]: readonly string[],
  { onLine, signal }: { readonly onLine: OnLine; readonly signal: AbortSignal },
): Promise<void> {
  const child = execa(file, argv, { cancelSignal: signal, reject: false, all: true, stdin: "ignore" });
  for await (const line of child.iterable({ from: "all" })) onLine(line);
  const { exitCode, all } = await child;
  signal.throwIfAborted();
  if (exitCode !== 0) throw new ImageBuildError(all.split("\n").slice(-20).join("\n"));
}

async function archived<T>(
  root: string,
  use: (tar: Readable) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const exclude = LEFT_OUT.map((pattern) => `--exclude=${pattern}`);
  const tar = execa("tar", ["--directory", root, "--numeric-owner", ...exclude, "--create", "."], {
    cancelSignal: signal,
    buffer: false,
    encoding: "buffer",
  });
  const [result] = await Promise.all([use(tar.stdout), tar]);
  return result;
}
