import { randomBytes } from "node:crypto";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { eventsOf, messageOf } from "./events.ts";
import { nextTurn } from "./script.ts";
import type { MessagesRequest, Scene } from "./script.ts";

/** A request that arrived, whole. */
export interface Seen {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface StandInOptions {
  /** PEM, for every host that the stand-in plays */
  readonly certificate: string;
  readonly privateKey: string;
  readonly scenes: readonly Scene[];
  /** told about every request before it is answered */
  readonly onSeen: (seen: Seen) => void;
}

/**
 * Plays the hosts outside of a bottle: the Messages API on `/v1/messages`, an echo on everything else.
 *
 * The model's side is scripted; whatever arrives is told to `onSeen`, so that what did not arrive can be shown.
 */
export function createStandIn({ certificate, privateKey, scenes, onSeen }: StandInOptions): Server {
  return createServer({ cert: certificate, key: privateKey }, (request, response) => {
    void bodyOf(request).then((body) => {
      const { method = "", url: path = "/", headers } = request;
      onSeen({ method, host: headers.host ?? "", path, headers, body });
      answer({ method, path, body }, scenes, response);
    });
  });
}

interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

function answer({ method, path, body }: Arrived, scenes: readonly Scene[], response: ServerResponse): void {
  // Well-formed but empty answers make the CLI retry for seconds; 404 lets it go on at once.
  if (path.startsWith("/api/claude_code/")) return respond(response, 404, { error: "not found" });
  if (path.split("?")[0] !== "/v1/messages")
    return respond(response, 200, { method, path, bytes: body.length });
  let request: MessagesRequest;
  try {
    request = JSON.parse(body) as MessagesRequest;
  } catch {
    // Whatever it is, it is no request to a model.
    return respond(response, 400, {
      type: "error",
      error: { type: "invalid_request_error", message: "no JSON" },
    });
  }
  const turn = nextTurn(scenes, request);
  const about = { id: randomBytes(12).toString("hex"), model: request.model };
  if (request.stream !== true) return respond(response, 200, messageOf(turn, about));
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  for (const event of eventsOf(turn, about)) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
}

function respond(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
