import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { RuntimeUnavailableError, SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import type { LogLine, LogOptions, SandboxLogs } from "../../reconcilers/contract/sandbox-exec.ts";
import type { CallOptions, EngineConnection } from "./engine-connection.ts";
import { LogLines } from "./log-lines.ts";
import { findOwn } from "./own-containers.ts";

/** Logs of sandboxes as the engine keeps them. */
export class DockerLogs implements SandboxLogs {
  readonly #connection: EngineConnection;
  readonly #instance: string;

  constructor(connection: EngineConnection, instance: string) {
    this.#connection = connection;
    this.#instance = instance;
  }

  async *logs(sandbox: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine> {
    const found = await findOwn(this.#connection, this.#instance, sandbox, signal);
    if (found === undefined) throw new SandboxNotFoundError(`there is no sandbox ${sandbox}`);
    const stream = await this.#connection.open(signal, (docker, call) =>
      openLogs(docker, found.state.id, queryOf(options), call),
    );
    const close = (): void => void stream.destroy();
    signal.addEventListener("abort", close, { once: true });
    const lines = new LogLines();
    try {
      for await (const chunk of stream) yield* lines.take(chunk as Buffer);
      yield* lines.rest();
    } catch (error) {
      if (!signal.aborted) throw new RuntimeUnavailableError("the log broke off", { cause: error });
    } finally {
      signal.removeEventListener("abort", close);
      close();
    }
  }
}

function queryOf({ follow, tailLines, since }: LogOptions): Readonly<Record<string, string>> {
  return {
    follow: String(follow),
    stdout: "true",
    stderr: "true",
    timestamps: "true",
    ...(tailLines === undefined ? {} : { tail: String(tailLines) }),
    ...(since === undefined ? {} : { since: String(since.getTime() / 1000) }),
  };
}

/** Like dockerode's own call, which would read a log that is not followed into memory whole. */
function openLogs(
  docker: Docker,
  id: string,
  query: Readonly<Record<string, string>>,
  { abortSignal }: CallOptions,
): Promise<Readable> {
  const path = `/containers/${id}/logs?${new URLSearchParams(query)}`;
  const statusCodes = { 200: true, 404: "no such container", 500: "server error" };
  return new Promise((resolve, reject) => {
    const done = (error: unknown, stream: unknown): void =>
      error === null || error === undefined ? resolve(stream as Readable) : reject(error as Error);
    // The modem cuts off the last character of a path with a query when there are no options.
    docker.modem.dial({ path: `${path}&`, method: "GET", isStream: true, statusCodes, abortSignal }, done);
  });
}
