import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync, watch } from "node:fs";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { type ChildEnd, killGroup } from "../process/child.ts";
import type { Environment } from "../process/environment.ts";

const MAX_STDERR_BYTES = 16 * 1024;

export interface SshMasterParts {
  /** ssh's configuration */
  readonly config: string;
  /** where nothing is, and what no other login ever has */
  readonly controlSocket: string;
  /** ssh's words for where it logs in */
  readonly destination: readonly string[];
  readonly environment: Environment;
}

/**
 * One login that many runs of ssh share, held by a process of its own that the kernel ends with this one. Its host key
 * and its identity are checked as those of every other run: the configuration is the same.
 */
export class SshMaster {
  readonly #child: ChildProcessByStdio<null, null, Readable>;
  /** where ssh finds the login; where it does not, it makes one of its own */
  readonly controlSocket: string;
  readonly #closed: Promise<unknown>;
  #stderr = "";
  #isOver = false;

  /** Begins to log in. */
  constructor({ config, controlSocket, destination, environment }: SshMasterParts) {
    this.controlSocket = controlSocket;
    const ssh = ["ssh", "-F", config, "-N", "-M", "-S", controlSocket, ...destination];
    this.#child = spawn("setpriv", ["--pdeathsig", "KILL", ...ssh], {
      cwd: "/",
      env: environment,
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (this.#stderr.length < MAX_STDERR_BYTES) this.#stderr += text;
    });
    this.#child.on("error", (error) => (this.#stderr += `${error.message}\n`));
    this.#closed = new Promise((done) => this.#child.once("close", done));
    void this.#closed.then(() => this.retire());
  }

  /** False from when its process has ended, or is about to. */
  get isAlive(): boolean {
    return !this.#isOver;
  }

  /** Resolves when others can use the login, or with how it failed. */
  async ready(signal: AbortSignal): Promise<ChildEnd | undefined> {
    const appears = new AbortController();
    const watcher = watch(dirname(this.controlSocket));
    try {
      const look = (): void => {
        if (existsSync(this.controlSocket)) appears.abort();
      };
      watcher.on("change", look);
      look();
      const stop = AbortSignal.any([appears.signal, signal]);
      if (!stop.aborted) await Promise.race([this.#closed, once(stop, "abort")]);
    } finally {
      watcher.close();
    }
    if (appears.signal.aborted && !this.#isOver) return undefined;
    const ended = signal.aborted ? { ended: "time limit" as const } : {};
    return { ok: false, stdout: "", stderr: this.#stderr, ...ended };
  }

  /** Ends the login, and with it what uses it. */
  async close(): Promise<void> {
    const isRunning = this.#child.exitCode === null && this.#child.signalCode === null;
    this.retire();
    if (isRunning) killGroup(this.#child.pid);
    await this.#closed;
  }

  /** ssh that comes from now on logs in by itself; what uses the login already goes on. */
  retire(): void {
    if (!this.#isOver) rmSync(this.controlSocket, { force: true });
    this.#isOver = true;
  }
}
