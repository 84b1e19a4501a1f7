import type { IncomingMessage } from "node:http";
import { Agent, request, type RequestOptions } from "node:https";
import { text } from "node:stream/consumers";
import type { KubeConfig } from "@kubernetes/client-node";
import { ApiUnavailableError } from "../../../reconcilers/contract/errors.ts";
import { errorOf } from "./status.ts";

/** How long the server may take for an answer, or for the head of a stream. */
const ANSWER_MS = 30_000;

/** One request. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** absent values are left out */
  readonly query?: Readonly<Record<string, string | number | undefined>> | undefined;
  readonly body?: object | undefined;
  /** application/json when absent */
  readonly contentType?: string | undefined;
}

/** Requests to one API server. Errors are those of the contract; an abort rejects with the signal's reason. */
export interface Transport {
  /** the whole answer, parsed */
  json(call: Call, signal: AbortSignal): Promise<unknown>;
  /** an answer that comes in pieces, from the moment its head is there; a premature end is ApiUnavailableError */
  stream(call: Call, signal: AbortSignal): Promise<AsyncIterable<Buffer>>;
}

/** A transport with the credentials and the trust of a kubeconfig; connections are kept. */
export function createTransport(config: KubeConfig): Transport {
  const server = config.getCurrentCluster()?.server;
  if (server?.startsWith("https:") !== true) {
    throw new Error(
      `the kubeconfig names no https server (${server ?? "no cluster at all"}): a token is not sent in the clear`,
    );
  }
  const agent = new Agent({ keepAlive: true });
  const open = async (call: Call, signal: AbortSignal): Promise<IncomingMessage> => {
    const options: RequestOptions = {};
    // at each request: tokens from files and commands are renewed by it
    await config.applyToHTTPSOptions(options);
    if (config.getCurrentCluster()?.proxyUrl === undefined) options.agent = agent;
    return await send(urlOf(server, call), call, options, signal);
  };
  return {
    json: (call, signal) =>
      translated(signal, async () => {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
        const response = await open(call, limit);
        return parsed(await text(response));
      }),
    stream: (call, signal) =>
      translated(signal, async () => {
        const slow = new AbortController();
        const limit = AbortSignal.timeout(ANSWER_MS);
        const onSlow = (): void => slow.abort(limit.reason);
        limit.addEventListener("abort", onSlow);
        const response = await open(call, AbortSignal.any([signal, slow.signal]));
        limit.removeEventListener("abort", onSlow);
        return pieces(response, signal);
      }),
  };
}

function urlOf(server: string, { path, query = {} }: Call): URL {
  const url = new URL(server.replace(/\/$/, "") + path);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

async function send(
  url: URL,
  call: Call,
  options: RequestOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      ...options.headers,
      accept: "application/json",
      ...(body === undefined ? {} : bodyHeaders(body, call.contentType)),
    };
    const sent = request(url, { ...options, method: call.method, headers, signal });
    sent.once("response", resolve);
    sent.once("error", reject);
    sent.end(body);
  });
  const code = response.statusCode ?? 0;
  if (code >= 200 && code < 300) return response;
  throw errorOf(code, parsedOrNothing(await text(response)));
}

function bodyHeaders(body: string, contentType = "application/json"): Record<string, string | number> {
  // the length too: Node sends a DELETE's body without one, which a server reads as the next request
  return { "content-type": contentType, "content-length": Buffer.byteLength(body) };
}

async function* pieces(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  try {
    for await (const piece of response) yield piece as Buffer;
  } catch (error) {
    throw unavailableUnlessAborted(error, signal);
  } finally {
    response.destroy();
  }
}

async function translated<R>(signal: AbortSignal, act: () => Promise<R>): Promise<R> {
  signal.throwIfAborted();
  try {
    return await act();
  } catch (error) {
    throw unavailableUnlessAborted(error, signal);
  }
}

/** What the contract knows passes; whatever else went wrong on the way means that there was no answer. */
function unavailableUnlessAborted(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof Error && ERRORS_OF_CONTRACT.has(error.name)) return error;
  return new ApiUnavailableError(`the API server cannot be reached (${(error as Error).message})`, {
    cause: error,
  });
}

const ERRORS_OF_CONTRACT = new Set([
  ...["AlreadyExistsError", "ApiUnavailableError", "ConflictError", "ExpiredError", "ForbiddenError"],
  ...["InvalidError", "NotFoundError"],
]);

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // the parser's own message would quote what the server sent, a Secret for one
    throw new ApiUnavailableError("the API server's answer is not JSON");
  }
}

function parsedOrNothing(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // of an error the code says enough
  }
}
