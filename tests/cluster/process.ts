import { type ChildProcess, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

/** A program that this process started, and ends. */
export interface ServerProcess {
  /** throws with the end of the log when the program has ended by itself */
  assertAlive(): void;
  /** returns when it is gone */
  kill(): Promise<void>;
}

/** Starts a program with its output in a file. It is killed when this process exits, however that happens in an orderly way. */
export function startProcess(program: string, argv: readonly string[], logFile: string): ServerProcess {
  const log = openSync(logFile, "w");
  const child: ChildProcess = spawn(program, argv, { stdio: ["ignore", log, log] });
  const killNow = () => void child.kill("SIGKILL");
  process.once("exit", killNow);
  return {
    assertAlive() {
      if (child.exitCode === null && child.signalCode === null) return;
      throw new Error(`${program} ended; its last words:\n${readFileSync(logFile, "utf8").slice(-2000)}`);
    },
    async kill() {
      process.off("exit", killNow);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      killNow();
      await gone;
    },
  };
}

/** Looks again every 50 ms until `look` says true. */
export async function until(look: () => Promise<boolean>, timeoutMs: number, what: string): Promise<void> {
  for (let waited = 0; !(await look()); waited += 50) {
    if (waited >= timeoutMs) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await delay(50);
  }
}
