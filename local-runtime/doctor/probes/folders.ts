import { constants, readdir, readFile, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { CaFacts, DiskFacts, StateFolderFacts } from "../facts.ts";
import { allows } from "./machine.ts";

/** Room on the disk that a folder lies on, or will lie on. */
export async function probeDisk(holds: string, path: string): Promise<DiskFacts> {
  const { bavail, bsize } = await statfs(await nearestExisting(path));
  return { holds, path, freeBytes: bavail * bsize };
}

async function nearestExisting(path: string): Promise<string> {
  if (path === dirname(path) || (await allows(path, constants.F_OK))) return path;
  return nearestExisting(dirname(path));
}

/** What a file of CA certificates has. */
export async function probeCa(variable: string, path: string): Promise<CaFacts> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  return { variable, path, certificates: text?.split("-----BEGIN CERTIFICATE-----").slice(1).length };
}

/** Whose the state folder is, who may look into it, and which control planes run on it. */
export async function probeStateFolder(path: string): Promise<StateFolderFacts> {
  return { path, state: await stateOf(path), controlPlanes: await controlPlanesOn(path) };
}

async function stateOf(path: string): Promise<StateFolderFacts["state"]> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) {
    return { kind: "absent", parentWritable: await allows(await nearestExisting(path), constants.W_OK) };
  }
  const ours = stats.uid === (process.getuid?.() ?? stats.uid);
  return { kind: "present", mode: stats.mode, ours, isFolder: stats.isDirectory() };
}

/** Processes of ours that were started as a control plane on a state folder; only Linux tells. */
async function controlPlanesOn(stateFolder: string): Promise<readonly number[]> {
  const ids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      const [argv, environment] = await Promise.all(
        ["cmdline", "environ"].map((file) => readFile(`/proc/${id}/${file}`, "utf8").catch(() => "")),
      );
      const isOne = argv?.split("\0").some((word) => /(^|\/)controller(\/main\.ts|\.mjs)$/.test(word));
      return isOne && environment?.split("\0").includes(`BB_STATE_DIR=${stateFolder}`) ? [Number(id)] : [];
    }),
  );
  return found.flat();
}
