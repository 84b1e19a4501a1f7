import { readFileSync } from "node:fs";
import type { Config } from "../../config.ts";
import { isMissing, readConnection, removeConnection } from "../../state-folder.ts";
import { CliError } from "../cli-error.ts";
import { pause } from "../clock.ts";

/**
 * Ends the control plane of the state folder and waits until its process is gone; false when none ran. Bottles go
 * on. Throws CliError when it does not end before `signal`.
 */
export async function stopControlPlane(config: Config, signal: AbortSignal): Promise<boolean> {
  const connection = readConnection(config.stateDir);
  if (connection === undefined) return false;
  const { pid } = connection;
  if (!isController(pid)) {
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

/** Whether the process is one of ours: a pid alone may have gone to somebody else's program. */
export function isController(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8")
      .split("\0")
      .some((word) => word.endsWith("controller/main.ts"));
  } catch (error) {
    if (isMissing(error) || isGone(error)) return false;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ESRCH";
}
