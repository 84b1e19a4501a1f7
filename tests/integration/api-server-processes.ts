import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import type {
  ExecSession,
  LogLine,
  SandboxExec,
  SandboxLogs,
} from "../../reconcilers/contract/sandbox-exec.ts";
import { SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";

/** Real processes of this machine in place of a sandbox's: real pipes, a real terminal (by `script`), real exit codes. */
export interface HostProcesses extends SandboxExec {
  /** sandboxes that run */
  readonly running: Set<string>;
  /** sizes that a terminal was given */
  readonly sizes: { columns: number; rows: number }[];
  /** commands that have not ended */
  readonly alive: Set<number>;
  /** bytes that were read of the output of all commands */
  readonly bytesRead: () => number;
}

export function createHostProcesses(): HostProcesses {
  const running = new Set<string>();
  const sizes: { columns: number; rows: number }[] = [];
  const alive = new Set<number>();
  const outputs: Socket[] = [];
  return {
    bytesRead: () => outputs.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
    running,
    sizes,
    alive,
    async exec(sandbox, { argv, tty }, signal): Promise<ExecSession> {
      if (!running.has(sandbox)) throw new SandboxNotFoundError(`${sandbox} does not run`);
      const [program = "", ...rest] = tty
        ? ["script", "-qefc", argv.map(quoted).join(" "), "/dev/null"]
        : argv;
      const child = spawn(program, rest, { stdio: "pipe", detached: true });
      const pid = child.pid ?? 0;
      alive.add(pid);
      // What a child writes to is a socket, which counts.
      outputs.push(child.stdout as Socket);
      const kill = async (): Promise<void> => {
        if (alive.has(pid)) killGroup(pid);
      };
      signal.addEventListener("abort", () => void kill(), { once: true });
      if (signal.aborted) await kill();
      const exitCode = new Promise<number>((resolve) => {
        child.on("error", () => resolve(127));
        child.on("close", (code) => {
          alive.delete(pid);
          resolve(code ?? 137);
        });
      });
      const resize = async (size: { columns: number; rows: number }): Promise<void> => void sizes.push(size);
      return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, resize, kill, exitCode };
    },
  };
}

/** A group that ended between its last word and the news of it is gone already. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** Logs in memory that can be followed. */
export interface MemoryLogs extends SandboxLogs {
  write(sandbox: string, line: LogLine): void;
  /** readers that follow now */
  readonly readers: { count: number };
  /** what the next reading throws */
  failure: Error | undefined;
}

export function createMemoryLogs(): MemoryLogs {
  const lines = new Map<string, LogLine[]>();
  const wakers = new Set<() => void>();
  const readers = { count: 0 };
  const memory: MemoryLogs = {
    readers,
    failure: undefined,
    write(sandbox, line) {
      lines.set(sandbox, [...(lines.get(sandbox) ?? []), line]);
      for (const wake of wakers) wake();
    },
    async *logs(sandbox, { follow, tailLines, since }, signal) {
      if (memory.failure !== undefined) throw memory.failure;
      const all = (): LogLine[] => lines.get(sandbox) ?? [];
      if (!lines.has(sandbox)) throw new SandboxNotFoundError(`no sandbox ${sandbox}`);
      readers.count += 1;
      try {
        const young = all().filter(({ time }) => since === undefined || time >= since);
        yield* tailLines === undefined ? young : young.slice(Math.max(0, young.length - tailLines));
        for (let at = all().length; follow && !signal.aborted;) {
          yield* all().slice(at);
          at = all().length;
          await new Promise<void>((resolve) => {
            wakers.add(resolve);
            signal.addEventListener("abort", () => resolve(), { once: true });
          });
        }
      } finally {
        readers.count -= 1;
      }
    },
  };
  return memory;
}
