import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** longest that a Docker engine may take to end */
const END_TIMEOUT_MS = 30_000;

/**
 * Ends the Docker engine that `bb doctor --fix` started with this state
 * folder, if it started one; an engine that ran before is left alone.
 */
export async function endStartedEngine(stateFolder: string): Promise<void> {
  const pidFile = join(stateFolder, "dockerd", "pid");
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, "utf8").trim());
  process.stdout.write(`\n── ending the Docker engine that was started for the tests (${pid})\n`);
  process.kill(pid, "SIGTERM");
  const deadline = Date.now() + END_TIMEOUT_MS;
  while (isRunning(pid) && Date.now() < deadline) await setTimeout(100);
  if (isRunning(pid)) process.kill(pid, "SIGKILL");
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
