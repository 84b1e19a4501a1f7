import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config.ts";
import { readConnection, removeConnection, STATE_FILES } from "../../state-folder.ts";
import { CliError } from "../cli-error.ts";
import { pause } from "../clock.ts";

/**
 * Ends the control plane of the state folder and waits until its process is gone; false when none ran. Bottles go
 * on. Throws CliError when it does not end before `signal`.
 */
export async function stopControlPlane(config: Config, signal: AbortSignal): Promise<boolean> {
  const pid = holderOf(config.stateDir);
  if (pid === undefined) {
    removeConnection(config.stateDir);
    return false;
  }
  process.kill(pid, "SIGTERM");
  while (isController(pid)) {
    if (signal.aborted) {
      throw new CliError(`the control plane (process ${pid}) was told to end and still runs`, {
        next: `wait, or end it hard: kill -9 ${pid}; nothing is lost by that`,
      });
    }
    await pause(50, new AbortController().signal);
  }
  return true;
}

/** The process that has the folder's lock: a pid that was written down may have gone to another program meanwhile. */
function holderOf(stateDir: string): number | undefined {
  const written = [readConnection(stateDir)?.pid, pidIn(join(stateDir, STATE_FILES.holder))];
  return written.find(
    (pid) => pid !== undefined && isController(pid) && hasOpen(pid, join(stateDir, STATE_FILES.lock)),
  );
}

function pidIn(file: string): number | undefined {
  const text = unlessGone(() => readFileSync(file, "utf8")) ?? "";
  return /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

function isController(pid: number): boolean {
  const words = unlessGone(() => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")) ?? [];
  return words.some((word) => word.endsWith("controller/main.ts"));
}

function hasOpen(pid: number, file: string): boolean {
  const wanted = statSync(file, { throwIfNoEntry: false });
  const folder = `/proc/${pid}/fd`;
  const open = unlessGone(() => readdirSync(folder)) ?? [];
  return open.some((descriptor) => {
    const found = unlessGone(() => statSync(join(folder, descriptor)));
    return found !== undefined && found.ino === wanted?.ino && found.dev === wanted.dev;
  });
}

/** undefined for a file that is not there, or went with its process, or is somebody else's. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (["ENOENT", "ESRCH", "EACCES"].includes(String(code))) return undefined;
    throw error;
  }
}
