import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

const SETPRIV = "/usr/bin/setpriv";

/** A program that this process started, and ends. */
export interface ServerProcess {
  /** throws with the end of the log when the program has ended by itself */
  assertAlive(): void;
  /** returns when it is gone */
  kill(): Promise<void>;
}

/**
 * Starts a program with its output in a file. It ends with this process: in order on `kill` or exit, and where util-linux is
 * there also when this process is killed.
 */
export function startProcess(program: string, argv: readonly string[], logFile: string): ServerProcess {
  const log = openSync(logFile, "w");
  const [command, ...rest] = existsSync(SETPRIV)
    ? [SETPRIV, "--pdeathsig=KILL", program, ...argv]
    : [program, ...argv];
  const child: ChildProcess = spawn(command!, rest, { stdio: ["ignore", log, log] });
  closeSync(log);
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
