import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A small disk over a folder, seen only by what runs behind `enter`: it is never mounted for anybody else. */
export interface SmallDisk {
  /** the words before a command that is to see it */
  readonly enter: readonly string[];
  /** the folder on the disk, as this process reaches it */
  readonly folder: string;
  /** takes every byte that is left */
  fill(): void;
  /** gives back what `fill` took */
  free(): void;
  end(): Promise<void>;
}

/** Mounts a disk of `megabytes` over `folder` in a mount namespace of its own. */
export async function aSmallDisk(folder: string, megabytes: number): Promise<SmallDisk> {
  const isRoot = process.getuid?.() === 0;
  const mount = `mount -t tmpfs -o size=${megabytes}m,mode=0700 small "$1" && echo mounted && exec sleep 600`;
  const options = ["--mount", "--propagation", "private", ...(isRoot ? [] : ["--map-root-user"])];
  const holder = spawn("unshare", [...options, "sh", "-c", mount, "sh", folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(holder, "exit");
  const said = await Promise.race([once(holder.stdout, "data"), ended]);
  if (String(said[0]).trim() !== "mounted") throw new Error("the small disk could not be mounted");
  const { pid } = holder;
  const seen = join(`/proc/${pid}/root`, folder);
  const filler = join(seen, "filler");
  return {
    enter: ["nsenter", `--target=${pid}`, "--mount", ...(isRoot ? [] : ["--user", "--preserve-credentials"])],
    folder: seen,
    fill: () => fill(filler),
    free: () => rmSync(filler, { force: true }),
    async end() {
      holder.kill("SIGKILL");
      await ended;
    },
  };
}

function fill(path: string): void {
  const file = openSync(path, "a");
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOSPC") throw error;
  } finally {
    closeSync(file);
  }
}
