import type { StartReport } from "../start-report.ts";
import { PortInUseError } from "../api-server/index.ts";
import { StateDirectoryInUseError } from "../store/index.ts";

/** Why a start failed, for people: one sentence and what to do; never a stack. */
export function explainStart(error: unknown, stateDir: string): Extract<StartReport, { kind: "failed" }> {
  const message = messageOf(error, stateDir);
  if (error instanceof StateDirectoryInUseError) return { kind: "failed", message, held: true };
  if (error instanceof PortInUseError) {
    return { kind: "failed", message, next: "bb up --port PORT takes another one from now on" };
  }
  return { kind: "failed", message, next: nextAfter(error) };
}

/** What the system says names no path when a write fails, as on a full disk. */
function messageOf(error: unknown, stateDir: string): string {
  if (!(error instanceof Error)) return String(error);
  const isSystemError = "syscall" in error && !("path" in error);
  return isSystemError ? `the state folder ${stateDir} cannot be used: ${error.message}` : error.message;
}

function nextAfter(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC") return "the disk is full: make room, then bb up";
  if (code === "EACCES" || code === "EPERM")
    return "check who owns the state folder, or choose another by BB_STATE_DIR";
  return undefined;
}
