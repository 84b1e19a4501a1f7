import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import type { Readable, Writable } from "node:stream";
import { RemoteFailure } from "../contract.ts";
import { killGroup, runChild } from "../process/child.ts";
import { baseEnvironment } from "../process/environment.ts";

const START_TIMEOUT_MS = 10_000;

/**
 * An ssh-agent that holds one private key in its memory. It runs beside `cat`, whose stdin this process holds: when
 * this process dies, however it does, `cat` ends, and an ssh-agent ends within ten seconds of what it runs beside.
 */
export class SshAgent {
  readonly socket: string;
  readonly #beside: ChildProcessByStdio<Writable, Readable, null>;
  readonly #pid: number;

  private constructor(socket: string, beside: ChildProcessByStdio<Writable, Readable, null>, pid: number) {
    this.socket = socket;
    this.#beside = beside;
    this.#pid = pid;
  }

  /** Starts one at `socket` and gives it the key on stdin. Throws RemoteFailure when the key cannot be used. */
  static async start(socket: string, privateKey: string, path: string): Promise<SshAgent> {
    // one that crashed leaves it behind
    rmSync(socket, { force: true });
    const environment = baseEnvironment(path);
    const beside = spawn("ssh-agent", ["-a", socket, "cat"], {
      cwd: "/",
      env: environment,
      stdio: ["pipe", "pipe", "ignore"],
      detached: true,
    });
    await listening(beside);
    const agent = new SshAgent(socket, beside, agentPidOf(beside.pid));
    const added = await runChild({
      argv: ["ssh-add", "-q", "-"],
      environment: { ...environment, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: "never" },
      cwd: "/",
      input: privateKey.endsWith("\n") ? privateKey : `${privateKey}\n`,
      timeoutMs: START_TIMEOUT_MS,
      signal: new AbortController().signal,
    });
    if (added.ok) return agent;
    await agent.close();
    throw new RemoteFailure(
      "IdentityUnusable",
      "the private key cannot be used: it must be an OpenSSH key without a passphrase",
    );
  }

  /** Whether it is there to be asked; one that crashed is not. */
  isListening(): Promise<boolean> {
    return new Promise((done) => {
      const socket = connect(this.socket);
      socket.on("connect", () => done(true)).on("error", () => done(false));
      socket.on("connect", () => socket.destroy());
    });
  }

  async close(): Promise<void> {
    const ended = once(this.#beside, "close");
    killGroup(this.#pid);
    killGroup(this.#beside.pid);
    if (this.#beside.exitCode === null && this.#beside.signalCode === null) await ended;
  }
}

/** Resolves when `cat` echoes: then the agent listens. */
async function listening(beside: ChildProcessByStdio<Writable, Readable, null>): Promise<void> {
  const failed = new AbortController();
  beside.on("error", () => failed.abort());
  beside.on("close", () => failed.abort());
  beside.stdin.on("error", () => undefined);
  beside.stdin.write("\n");
  const signal = AbortSignal.any([failed.signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
  try {
    await once(beside.stdout, "data", { signal });
  } catch (cause) {
    killGroup(beside.pid);
    throw new RemoteFailure("IdentityUnusable", "ssh-agent did not start", { cause });
  }
}

/** ssh-agent tells its process id only to what it runs. */
function agentPidOf(pid: number | undefined): number {
  const [, agent] = /(?:^|\0)SSH_AGENT_PID=(\d+)\0/.exec(readFileSync(`/proc/${pid}/environ`, "utf8")) ?? [];
  if (agent === undefined) throw new RemoteFailure("IdentityUnusable", "ssh-agent did not start");
  return Number(agent);
}
