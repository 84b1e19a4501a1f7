import type { Duplex } from "node:stream";
import type Docker from "dockerode";
import { SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import { waitMs } from "./clock.ts";
import { Demultiplexer } from "./demultiplexer.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { messageOf, statusOf } from "./engine-errors.ts";

/** A command that the engine was told to run in a container, and the socket to its streams. */
export interface StartedExec {
  readonly exec: Docker.Exec;
  readonly socket: Duplex;
}

const ANSWER_LIMIT_BYTES = 64 * 1024;

/** Starts a command; throws SandboxNotFoundError when the container does not run. */
export async function startExec(
  connection: EngineConnection,
  containerId: string,
  options: Docker.ExecCreateOptions,
  signal: AbortSignal,
): Promise<StartedExec> {
  const request = { AttachStdout: true, AttachStderr: true, ...options };
  const start = { hijack: true, stdin: true, Tty: options.Tty ?? false };
  try {
    const exec = await connection.call(signal, (docker, call) =>
      docker.getContainer(containerId).exec({ ...request, ...call }),
    );
    const socket = await connection.open(signal, (_docker, call) => exec.start({ ...start, ...call }));
    return { exec, socket };
  } catch (error) {
    if ([404, 409].includes(statusOf(error) ?? 0)) {
      throw new SandboxNotFoundError(messageOf(error), { cause: error });
    }
    throw error;
  }
}

/** Exit code of a command whose streams have ended; the engine may need a moment to know it. */
export async function exitCodeOf(
  connection: EngineConnection,
  exec: Docker.Exec,
  signal: AbortSignal,
): Promise<number> {
  for (let waitedMs = 1; ; waitedMs = Math.min(waitedMs * 2, 250)) {
    const { Running, ExitCode } = await connection.call(signal, (_docker, call) => exec.inspect(call));
    if (!Running) return ExitCode ?? 0;
    await waitMs(waitedMs, signal);
  }
}

/** Runs a command to its end and returns the beginning of what it wrote. */
export async function runExec(
  connection: EngineConnection,
  containerId: string,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const { exec, socket } = await startExec(connection, containerId, { Cmd: [...argv] }, signal);
  socket.on("error", () => undefined);
  const close = (): void => void socket.destroy();
  signal.addEventListener("abort", close, { once: true });
  try {
    const output = await beginningOf(socket);
    return { exitCode: await exitCodeOf(connection, exec, signal), output };
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

async function beginningOf(socket: Duplex): Promise<string> {
  const demultiplexer = new Demultiplexer();
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of socket) {
    for (const { bytes } of demultiplexer.take(chunk as Buffer)) {
      if (length < ANSWER_LIMIT_BYTES) parts.push(bytes);
      length += bytes.length;
    }
  }
  return Buffer.concat(parts).toString();
}
