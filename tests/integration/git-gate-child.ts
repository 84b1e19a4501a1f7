import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "vitest";
import { type GitWorld, processesWith } from "./git-kit.ts";

const PROGRAM = join(import.meta.dirname, "git-gate-process.ts");

/** A gate in a process of its own. */
export interface GateChild {
  /** what it says */
  readonly lines: readonly string[];
  /** ends it as nothing can be kept from */
  kill(): Promise<void>;
}

/** Starts one for a world; `hold` never ends judging a push. `enter` stands before the command. */
export async function startGateChild(
  world: GitWorld,
  mode: "hold" | "pass",
  enter: readonly string[] = [],
): Promise<GateChild> {
  rmSync(world.socket, { force: true });
  const [program, ...words] = [...enter, process.execPath, PROGRAM, world.socket, mode];
  const child: ChildProcess = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
  const lines: string[] = [];
  if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  child.stdin?.end(JSON.stringify(world.options));
  await expect.poll(() => lines).toContain("ready");
  return {
    lines,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Processes of a world's gate whose argv, its words parted by NUL, is as asked for. */
export function gateChildren(world: GitWorld, argv: RegExp): number[] {
  return processesWith(world.gateFolder).filter((pid) => {
    try {
      return argv.test(readFileSync(`/proc/${pid}/cmdline`, "latin1"));
    } catch {
      // it has ended
      return false;
    }
  });
}
