import { readFileSync, writeFileSync } from "node:fs";

/** Megabytes (2^20) that a process holds now. */
export const residentMegabytes = (pid: number): number => Math.round(kilobytes(pid, "VmRSS") / 1024);

/** The most megabytes that a process held since the last `forgetPeak`. */
export const peakMegabytes = (pid: number): number => kilobytes(pid, "VmHWM") / 1024;

/** Makes what a process holds now its peak. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function kilobytes(pid: number, field: "VmRSS" | "VmHWM"): number {
  const match = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1]);
}
