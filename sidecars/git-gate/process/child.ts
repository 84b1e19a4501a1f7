import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Environment } from "./environment.ts";

const MAX_STDERR_BYTES = 64 * 1024;
const MAX_STDOUT_BYTES = 64 * 1024 * 1024;

export interface ChildRun {
  readonly argv: readonly [string, ...string[]];
  readonly environment: Environment;
  readonly cwd: string;
  /** what it reads on stdin; nothing when absent */
  readonly input?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** it is ended when it writes more */
  readonly mostOutputBytes?: number;
  /** told what it says of its progress on stderr: lines that the next replaces, which are not kept */
  readonly onProgress?: (line: string) => void;
}

export interface ChildEnd {
  /** whether it ran to its end with exit code 0 */
  readonly ok: boolean;
  /** its exit code, when it ended by itself */
  readonly code?: number;
  readonly stdout: string;
  /** the first of it, where it is long */
  readonly stderr: string;
  /** why it was ended or never began; absent when it ended by itself */
  readonly ended?: "time limit" | "too much output" | "closing" | "not started";
}

/**
 * Runs a program to its end, without a shell, in a process group of its own that dies with it. Never rejects: what
 * goes wrong is in the result.
 */
export function runChild(run: ChildRun): Promise<ChildEnd> {
  if (run.signal.aborted) return Promise.resolve({ ok: false, stdout: "", stderr: "", ended: "closing" });
  const [program, ...rest] = run.argv;
  const child = start(program, rest, run);
  if (child === undefined)
    return Promise.resolve({ ok: false, stdout: "", stderr: "", ended: "not started" });
  const stdout = new Bounded(run.mostOutputBytes ?? MAX_STDOUT_BYTES);
  const stderr = new Bounded(MAX_STDERR_BYTES);
  let ended: ChildEnd["ended"];
  const end = (because: NonNullable<ChildEnd["ended"]>): void => {
    ended ??= because;
    killGroup(child.pid);
  };
  const limit = AbortSignal.timeout(run.timeoutMs);
  const onLimit = (): void => end("time limit");
  const onAbort = (): void => end("closing");
  limit.addEventListener("abort", onLimit);
  run.signal.addEventListener("abort", onAbort);
  child.stdout.on("data", (chunk: Buffer) => {
    if (!stdout.add(chunk)) end("too much output");
  });
  const keep = run.onProgress === undefined ? passThrough : withoutProgress(run.onProgress);
  child.stderr.on("data", (chunk: Buffer) => stderr.add(keep(chunk)));
  // a child that ends without reading closes the pipe
  child.stdin.on("error", () => undefined);
  child.stdin.end(run.input ?? "");
  return new Promise((done) => {
    child.on("error", () => (ended ??= "not started"));
    // a login that is shared holds the ends of the pipes of whoever uses it
    child.on("exit", () => {
      if (ended !== undefined) for (const stream of [child.stdout, child.stderr]) stream.destroy();
    });
    child.on("close", (code) => {
      limit.removeEventListener("abort", onLimit);
      run.signal.removeEventListener("abort", onAbort);
      const ok = code === 0 && ended === undefined;
      const why = ended === undefined ? { code: code ?? -1 } : { ended };
      done({ ok, stdout: stdout.text(), stderr: stderr.text(), ...why });
    });
  });
}

const passThrough = (chunk: Buffer): Buffer => chunk;

/** Takes lines that end in a carriage return alone out of a stream, and tells them. ssh ends its lines with both. */
function withoutProgress(tell: (line: string) => void): (chunk: Buffer) => Buffer {
  let rest = "";
  return (chunk) => {
    const text = rest + chunk.toString("utf8");
    // a carriage return that comes last may be half of a line's end
    const end = Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r", text.length - 2)) + 1;
    rest = text.slice(end);
    let kept = "";
    for (const [, line = "", mark] of text.slice(0, end).matchAll(/([^\r\n]*)(\r\n|\r|\n)/g)) {
      if (mark !== "\r") kept += `${line}\n`;
      else if (line.trim() !== "") tell(line.trim());
    }
    return Buffer.from(kept);
  };
}

/** Undefined where the system refuses it at once, as it does when the arguments are too long. */
function start(
  program: string,
  args: readonly string[],
  { cwd, environment: env }: ChildRun,
): ChildProcessWithoutNullStreams | undefined {
  try {
    return spawn(program, args, { cwd, env, detached: true });
  } catch {
    return undefined;
  }
}

/** Ends a child that was started as the leader of its group, and all that it started. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ESRCH") throw error;
  }
}

/** The first bytes of a stream, up to a limit. */
class Bounded {
  readonly #chunks: Buffer[] = [];
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False from when there was more than the limit. */
  add(chunk: Buffer): boolean {
    const room = this.#limit - this.#bytes;
    if (room > 0) this.#chunks.push(chunk.subarray(0, room));
    this.#bytes += chunk.length;
    return this.#bytes <= this.#limit;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
