import { once } from "node:events";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";

/** What goes wrong with one request. */
export type Fault =
  /** an answer that says so */
  | "500"
  | "410"
  /** a page of somebody on the way */
  | "html 404"
  /** the connection is cut before the answer */
  | "cut"
  /** the stream is cut within its first line */
  | "reset in mid-line"
  /** the stream ends, well, within its first line */
  | "half a line"
  | "garbage line"
  /** the stream says that history is gone */
  | "expired event"
  /** the stream ends as soon as it began */
  | "empty stream";

interface Upstream {
  readonly url: string;
  readonly caPem: string;
  readonly token: string;
}

const JSON_TYPE = "application/json";
const status = (fields: object): string =>
  JSON.stringify({ apiVersion: "v1", kind: "Status", status: "Failure", ...fields });

/**
 * A small https server in front of an API server. Faults that were asked for
 * meet the next lists or watches, one each; everything else passes.
 */
export async function startFaultyProxy(
  upstream: Upstream,
  tls: { readonly cert: string; readonly key: string },
) {
  const faults: { readonly list: Fault[]; readonly watch: Fault[] } = { list: [], watch: [] };
  const seen: string[] = [];
  const server = createServer(tls, (incoming, outgoing) => {
    const url = new URL(incoming.url ?? "/", upstream.url);
    const kind = url.searchParams.has("watch") ? "watch" : "list";
    const fault = incoming.method === "GET" ? faults[kind].shift() : undefined;
    seen.push(`${incoming.method} ${kind}${fault === undefined ? "" : `: ${fault}`}`);
    answer(fault, incoming, outgoing, forward(upstream, url, incoming));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  /** breaks every connection there is, in the middle of whatever it carries */
  const cutAll = () => server.closeAllConnections();
  const close = async () => {
    cutAll();
    server.close();
    await once(server, "close");
  };
  return { url, faults, seen, cutAll, close };
}

function forward(upstream: Upstream, url: URL, incoming: IncomingMessage): () => ClientRequest {
  return () => {
    const { host: _, ...headers } = incoming.headers;
    const sent = request(url, { method: incoming.method, headers, ca: upstream.caPem });
    incoming.pipe(sent);
    return sent;
  };
}

/** Faults that are an answer of their own: code, media type, body. */
const ANSWERS: Partial<Record<Fault, readonly [number, string, string]>> = {
  "500": [500, JSON_TYPE, status({ reason: "InternalError", message: "etcd leader changed", code: 500 })],
  "410": [410, JSON_TYPE, status({ reason: "Expired", message: "too old", code: 410 })],
  "html 404": [404, "text/html", "<h1>404 page not found</h1>"],
  "garbage line": [200, JSON_TYPE, '{"type":"ADDED","object":\n'],
  "expired event": [
    200,
    JSON_TYPE,
    `{"type":"ERROR","object":${status({ reason: "Expired", code: 410 })}}\n`,
  ],
  "empty stream": [200, JSON_TYPE, ""],
};

function answer(
  fault: Fault | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  send: () => ClientRequest,
): void {
  if (fault === "cut") {
    incoming.socket.destroy();
    return;
  }
  const whole = fault === undefined ? undefined : ANSWERS[fault];
  if (whole === undefined) return pass(send(), outgoing, fault);
  const [code, type, body] = whole;
  outgoing.writeHead(code, { "content-type": type }).end(body);
}

function pass(sent: ClientRequest, outgoing: ServerResponse, fault: Fault | undefined): void {
  sent.on("error", () => outgoing.destroy());
  sent.on("response", (response) => {
    outgoing.writeHead(response.statusCode ?? 0, response.headers);
    outgoing.flushHeaders();
    outgoing.on("close", () => response.destroy());
    if (fault === undefined) {
      response.on("error", () => outgoing.destroy());
      response.pipe(outgoing);
      return;
    }
    response.once("data", (chunk: Buffer) => {
      const half = chunk.subarray(0, Math.floor(chunk.length / 2));
      if (fault === "half a line") outgoing.end(half);
      else outgoing.write(half, () => outgoing.destroy());
    });
  });
}
