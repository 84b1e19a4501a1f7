import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { selectRuntime, type LocalRuntime } from "../../../local-runtime/select-runtime.ts";
import type { Config } from "../../config.ts";
import { instanceOf } from "../../instance.ts";
import { isMissing } from "../../state-folder.ts";
import { stopControlPlane } from "../control-plane/stop.ts";
import { removeParts } from "../leftovers.ts";

const PREFIX = "demo-";

/** What one demonstration has to itself: a state folder, and with it an instance. */
export interface DemoState {
  readonly config: Config;
  readonly machine: LocalRuntime;
}

/** Makes the folder of a demonstration. The process's number in its name tells whether somebody still uses it. */
export async function createDemoState(config: Config): Promise<DemoState> {
  const stateDir = join(config.stateDir, `${PREFIX}${process.pid}`);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  return openDemoState(config, stateDir);
}

/** Demonstrations that were killed and could not clean up. */
export async function abandonedDemoStates(config: Config): Promise<readonly DemoState[]> {
  if (!existsSync(config.stateDir)) return [];
  const folders = readdirSync(config.stateDir).filter((name) => {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : NaN;
    return Number.isInteger(pid) && !isDemo(pid);
  });
  return Promise.all(folders.map((name) => openDemoState(config, join(config.stateDir, name))));
}

/**
 * Removes all that a demonstration made: control plane, containers, volumes, networks, files. Gives back the names of
 * what is still there, which should be none. Safe to call again.
 */
export async function removeDemoState(
  { config, machine }: DemoState,
  signal: AbortSignal,
): Promise<readonly string[]> {
  await stopControlPlane(config, signal);
  await removeParts(machine, await machine.runtime.list(signal), signal);
  await machine.outside?.remove(signal);
  await machine.removeShared(signal);
  const remains = await machine.remains(signal);
  await machine.close();
  if (remains.length > 0) return remains;
  rmSync(config.stateDir, { recursive: true, force: true });
  removeIfEmpty(join(config.stateDir, ".."));
  return existsSync(config.stateDir) ? [`folder ${config.stateDir}`] : [];
}

async function openDemoState(config: Config, stateDir: string): Promise<DemoState> {
  const own = { ...config, stateDir, configDir: join(stateDir, "config"), port: undefined };
  return { config: own, machine: await selectRuntime({ ...own, instance: instanceOf(stateDir) }) };
}

/** A pid alone may have gone to somebody else's program. */
function isDemo(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes("demo");
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** The folder above was perhaps made for the demonstration alone. */
function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}
