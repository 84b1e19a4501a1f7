import { randomUUID } from "node:crypto";
import type Docker from "dockerode";
import { SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import type {
  ExecRequest,
  ExecSession,
  SandboxExec,
  TerminalSize,
} from "../../reconcilers/contract/sandbox-exec.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { unlessStatus } from "./engine-errors.ts";
import { exitCodeOf, runExec, startExec } from "./engine-exec.ts";
import type { StartedExec } from "./engine-exec.ts";
import { execStreams } from "./exec-streams.ts";
import { findOwn } from "./own-containers.ts";

/** Variable by which a command and its children are found again to be killed. */
const MARK = "BOT_BOTTLE_EXEC";

/**
 * The engine cannot kill a command, so a second one does it inside, as the same user: it looks for the mark in all
 * environments, again and again until nothing that the command started is left.
 */
const KILL_SCRIPT = `
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  found=$(grep -lsF "${MARK}=$1" /proc/[0-9]*/environ)
  [ -n "$found" ] || exit 0
  for path in $found; do pid=\${path#/proc/}; kill -KILL "\${pid%/environ}" 2>/dev/null; done
done
exit 1`;

/** One command: where it runs, by what it is found there, and what ends it. */
interface Run {
  readonly containerId: string;
  readonly mark: string;
  readonly signal: AbortSignal;
}

/** Runs commands in the containers of one instance. */
export class DockerExec implements SandboxExec {
  readonly #connection: EngineConnection;
  readonly #instance: string;

  constructor(connection: EngineConnection, instance: string) {
    this.#connection = connection;
    this.#instance = instance;
  }

  async exec(sandbox: string, request: ExecRequest, signal: AbortSignal): Promise<ExecSession> {
    const found = await findOwn(this.#connection, this.#instance, sandbox, signal);
    if (found?.state.phase !== "running") throw new SandboxNotFoundError(`${sandbox} does not run`);
    const run = { mark: randomUUID(), containerId: found.state.id, signal };
    const session = this.#session(await this.#start(request, run), request, run);
    if (request.terminalSize !== undefined) await session.resize(request.terminalSize);
    return session;
  }

  async #start(request: ExecRequest, run: Run): Promise<StartedExec> {
    try {
      const options = createOptions(request, run.mark);
      return await startExec(this.#connection, run.containerId, options, run.signal);
    } catch (error) {
      // It may have been started all the same, with nobody left to end it.
      if (run.signal.aborted) await this.#kill(run).catch(() => undefined);
      throw error;
    }
  }

  #session({ exec, socket }: StartedExec, { tty, stdin }: ExecRequest, run: Run): ExecSession {
    const streams = execStreams(socket, { tty, stdin });
    const kill = (): Promise<void> => this.#kill(run);
    const onAbort = (): void => void kill().catch((error: unknown) => socket.destroy(error as Error));
    run.signal.addEventListener("abort", onAbort, { once: true });
    if (run.signal.aborted) onAbort();
    const exitCode = streams.ended
      .then(() => exitCodeOf(this.#connection, exec, new AbortController().signal))
      .finally(() => run.signal.removeEventListener("abort", onAbort));
    // Whoever does not ask for the code is not told of a failure to learn it.
    exitCode.catch(() => undefined);
    const { stdin: input, stdout, stderr } = streams;
    return { stdin: input, stdout, stderr, kill, exitCode, resize: (size) => this.#resize(exec, size) };
  }

  /** the command may have ended by now, which is no error */
  async #resize(exec: Docker.Exec, { columns, rows }: TerminalSize): Promise<void> {
    await this.#connection.call(new AbortController().signal, (_docker, options) =>
      unlessStatus([404, 409, 500], exec.resize({ w: columns, h: rows, ...options })),
    );
  }

  async #kill({ containerId, mark }: Run): Promise<void> {
    const argv = ["/bin/sh", "-c", KILL_SCRIPT, "sh", mark];
    const { signal } = new AbortController();
    const { exitCode, output } = await runExec(this.#connection, containerId, argv, signal);
    if (exitCode !== 0) throw new Error(`the command could not be killed (${exitCode}): ${output.trim()}`);
  }
}

function createOptions(request: ExecRequest, mark: string): Docker.ExecCreateOptions {
  const environment = { ...request.environment, [MARK]: mark };
  return {
    Cmd: [...request.argv],
    Tty: request.tty,
    AttachStdin: request.stdin,
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...(request.workingDirectory === undefined ? {} : { WorkingDir: request.workingDirectory }),
  };
}
