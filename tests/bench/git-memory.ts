import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const SAMPLE_MS = 50;

export interface PeakMemory {
  /** resident, of the process itself, as the kernel counted it */
  readonly ownBytes: number;
  /** resident, of what it started, together; sampled */
  readonly childrenBytes: number;
}

/** The most memory that a process and its children have while something goes on. */
export async function peakMemory(pid: number, act: () => Promise<unknown>): Promise<PeakMemory> {
  // makes VmHWM begin anew
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  let childrenBytes = 0;
  let isOver = false;
  const done = act().finally(() => (isOver = true));
  while (!isOver) {
    childrenBytes = Math.max(childrenBytes, residentBytes(childrenOf(pid)));
    await Promise.race([done, sleep(SAMPLE_MS)]);
  }
  await done;
  return { ownBytes: statusOf(pid, "VmHWM"), childrenBytes };
}

export const residentNow = (pid: number): number => statusOf(pid, "VmRSS");

const residentBytes = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + statusOf(pid, "RssAnon") + statusOf(pid, "RssShmem"), 0);

function statusOf(pid: number, field: string): number {
  try {
    const [, kilobytes = "0"] =
      new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    // it has ended
    return 0;
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    const children = text.trim().split(" ").filter(Boolean).map(Number);
    return children.flatMap((child) => [child, ...childrenOf(child)]);
  } catch {
    // it has ended
    return [];
  }
}
