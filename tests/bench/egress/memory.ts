import { readFileSync, writeFileSync } from "node:fs";

/** Linux counts in hundredths of a second, whatever the machine */
const TICK_MICROSECONDS = 10_000;

/** Megabytes (2^20) that a process holds now. */
export const residentMegabytes = (pid: number): number => Math.round(kilobytes(pid, "VmRSS") / 1024);

/** The most megabytes that a process held since the last `forgetPeak`. */
export const peakMegabytes = (pid: number): number => kilobytes(pid, "VmHWM") / 1024;

/** Makes what a process holds now its peak. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** Microseconds of a processor that a process has used, all its threads together. */
export function usedMicroseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROSECONDS;
}

function kilobytes(pid: number, field: "VmRSS" | "VmHWM"): number {
  const match = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1]);
}
