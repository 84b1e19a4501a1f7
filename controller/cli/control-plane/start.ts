import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { environmentOf, type Config } from "../../config.ts";
import type { StartReport } from "../../start-report.ts";
import { STATE_FILES } from "../../state-folder.ts";
import type { ApiClient } from "../api/api-client.ts";
import { readLines } from "../api/lines.ts";
import { CliError, EXIT } from "../cli-error.ts";
import { pause } from "../clock.ts";
import { escapeUntrusted } from "../../escape.ts";
import { startProgress, type Progress } from "../output/progress.ts";
import type { Terminal } from "../output/terminal.ts";
import { connectRunning } from "./running.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
/** A controller of ten bottles makes little garbage at a time: small new space keeps 60 MB that V8 would hold. */
const NODE_ARGUMENTS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=2", MAIN];
const MAX_LOG_BYTES = 10 * 1024 * 1024;
const READY_MS = 60_000;
const OTHER_STARTS_MS = 15_000;

/** Starts the controller detached from this process and waits until it answers. Throws CliError with what it said. */
export async function startControlPlane(
  config: Config,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ApiClient> {
  const progress = startProgress(terminal, "starting the control plane");
  try {
    const report = await startDetached(config, progress, signal);
    const client = await whenAnswering(config, report, signal);
    progress.done();
    return client;
  } catch (error) {
    progress.done();
    throw error;
  }
}

/** Runs the controller in this terminal until it ends or `signal` is aborted; resolves with its exit code. */
export async function runInForeground(config: Config, signal: AbortSignal): Promise<number> {
  const child = spawn(process.execPath, NODE_ARGUMENTS, { env: environmentOf(config), stdio: "inherit" });
  // Ctrl-C reaches it by itself; what a supervisor sends reaches this process alone
  signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? EXIT.failed;
}

async function whenAnswering(config: Config, report: StartReport, signal: AbortSignal): Promise<ApiClient> {
  // somebody else's start may have won the race: what counts is that one answers
  const patience = AbortSignal.timeout(OTHER_STARTS_MS);
  do {
    const client = await connectRunning(config, signal);
    if (client !== undefined) return client;
    if (report.kind === "failed" && report.held !== true) break;
    await pause(100, signal);
  } while (!patience.aborted);
  throw failureOf(report);
}

async function startDetached(config: Config, progress: Progress, signal: AbortSignal): Promise<StartReport> {
  const log = openLog(config);
  const child = spawn(process.execPath, [...NODE_ARGUMENTS, "--report-descriptor=3"], {
    detached: true,
    cwd: "/",
    env: environmentOf(config),
    stdio: ["ignore", log, log, "pipe"],
  });
  closeSync(log);
  const reports = child.stdio[3] as Readable;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]);
  const giveUp = (): void => void child.kill("SIGTERM");
  limit.addEventListener("abort", giveUp, { once: true });
  try {
    return await lastReport(reports, progress, () => deathOf(config, child, signal));
  } finally {
    limit.removeEventListener("abort", giveUp);
    reports.destroy();
    child.unref();
  }
}

async function lastReport(
  reports: Readable,
  progress: Progress,
  onSilence: () => StartReport,
): Promise<StartReport> {
  for await (const line of readLines(reports)) {
    const report = JSON.parse(line) as StartReport;
    if (report.kind !== "step") return report;
    progress.step(`starting the control plane: ${report.text}`);
  }
  return onSilence();
}

function deathOf(config: Config, child: ChildProcess, signal: AbortSignal): StartReport {
  signal.throwIfAborted();
  const log = join(config.stateDir, STATE_FILES.log);
  const how = child.killed ? `did not become ready within ${READY_MS / 1000} s` : "ended while it started";
  return {
    kind: "failed",
    message: `the control plane ${how}; its last words:\n${lastLines(log)}`,
    next: `look into ${log}`,
  };
}

function failureOf(report: StartReport): CliError {
  if (report.kind !== "failed") {
    return new CliError("the control plane started and went away at once", {
      next: "bb up, and look at its log",
    });
  }
  return new CliError(report.message, { next: report.next });
}

function openLog(config: Config): number {
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 });
  const path = join(config.stateDir, STATE_FILES.log);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_LOG_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, "a", 0o600);
}

function lastLines(path: string): string {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines
    .slice(-8)
    .map((line) => `  ${escapeUntrusted(line)}`)
    .join("\n");
}
