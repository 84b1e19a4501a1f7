import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { Connection } from "../../state-folder.ts";
import { ApiError, ConnectionError, type Status } from "./api-error.ts";
import { readLines } from "./lines.ts";

export interface ApiRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | undefined;
  readonly accept?: string | undefined;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
}

/**
 * The Kubernetes API over https, with the control plane's own CA as the only one that is trusted, so that the token
 * never reaches anybody else who may listen on the port. Throws ApiError when the server says no, ConnectionError
 * when it cannot be reached.
 */
export class ApiClient {
  readonly connection: Connection;
  readonly #agent: Agent;
  readonly #signal: AbortSignal;

  constructor(connection: Connection, signal: AbortSignal) {
    this.connection = connection;
    this.#signal = signal;
    this.#agent = new Agent({ keepAlive: true, ca: connection.caPem });
  }

  /** the parsed answer */
  async call<T>(path: string, wanted: ApiRequest = {}, signal = this.#signal): Promise<T> {
    const answer = await this.#send(path, wanted, signal);
    const text = await readAll(answer);
    if (!isSuccess(answer)) throw apiErrorOf(answer, text);
    return JSON.parse(text) as T;
  }

  /** the lines of an answer that goes on, such as a watch or a log */
  async *lines(path: string, wanted: ApiRequest = {}, signal = this.#signal): AsyncGenerator<string> {
    const answer = await this.#send(path, wanted, signal);
    if (!isSuccess(answer)) throw apiErrorOf(answer, await readAll(answer));
    try {
      yield* readLines(answer);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new ConnectionError("the connection to the control plane broke", {
        refused: false,
        cause: error,
      });
    } finally {
      answer.destroy();
    }
  }

  /** lets the process end */
  close(): void {
    this.#agent.destroy();
  }

  #send(path: string, wanted: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const body = wanted.body === undefined ? undefined : JSON.stringify(wanted.body);
    const headers: Record<string, string> = {
      authorization: `Bearer ${this.connection.token}`,
      accept: wanted.accept ?? "application/json",
    };
    if (body !== undefined) {
      headers["content-type"] = wanted.contentType ?? "application/json";
      headers["content-length"] = String(Buffer.byteLength(body));
    }
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, this.connection.url), {
        method: wanted.method ?? "GET",
        agent: this.#agent,
        headers,
        signal,
      });
      sent.once("response", resolve);
      sent.once("error", (error) => reject(signal.aborted ? error : connectionErrorOf(error)));
      sent.end(body);
    });
  }
}

function isSuccess(answer: IncomingMessage): boolean {
  return answer.statusCode !== undefined && answer.statusCode >= 200 && answer.statusCode < 300;
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function apiErrorOf(answer: IncomingMessage, text: string): ApiError {
  const code = answer.statusCode ?? 0;
  try {
    return new ApiError(code, JSON.parse(text) as Status);
  } catch {
    return new ApiError(code, {}); // an answer that is not a Status has nothing to add to its code
  }
}

function connectionErrorOf(cause: Error): ConnectionError {
  const code = "code" in cause ? String(cause.code) : "";
  return new ConnectionError(
    isStranger(cause, code)
      ? "something else than this control plane answers on its port"
      : `the control plane does not answer (${code || cause.message})`,
    { refused: code === "ECONNREFUSED", cause },
  );
}

/** Whether the handshake failed: all errors of TLS but EPROTO come without a system call, and there are dozens of codes. */
function isStranger(cause: Error, code: string): boolean {
  return code === "EPROTO" || (code !== "" && code !== "ECONNRESET" && !("syscall" in cause));
}
