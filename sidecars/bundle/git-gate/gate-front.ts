import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { answerError, answerText } from "../../git-gate/http/gate-answer.ts";
import { readRequestLine } from "../../git-gate/http/request-line.ts";

const MAX_CONNECTIONS = 64;
/** as the airlock's own */
const IDLE_MS = 15 * 60_000;
const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 1_000 };

/** Where git-gate serves, as far as it does. */
export interface GatePlace {
  readonly socket: string | undefined;
  /** why there is no socket, in a sentence for the agent */
  readonly absence: string;
}

/** The agent's way to git-gate: passes bytes on to its process, and answers in git's protocol while there is none. */
export function createGateFront(place: GatePlace): Server {
  const absent = createHttpServer(TIMEOUTS, (request, response) => answer(request, response, place.absence));
  const server = createServer({ pauseOnConnect: true }, (near) => {
    near.setTimeout(IDLE_MS, () => near.destroy());
    near.on("error", () => undefined);
    const answerHere = (): void => {
      absent.emit("connection", near);
      near.resume();
    };
    if (place.socket === undefined) answerHere();
    else pass(near, place.socket, answerHere);
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

/** Nothing of what the agent sends is read before somebody takes it. */
function pass(near: Socket, path: string, onNobody: () => void): void {
  const far = connect(path);
  far.once("error", onNobody);
  far.once("connect", () => {
    far.off("error", onNobody);
    far.on("error", () => undefined);
    if (near.destroyed) return void far.destroy();
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    near.pipe(far);
    far.pipe(near);
  });
}

function answer(request: IncomingMessage, response: ServerResponse, absence: string): void {
  const asked = readRequestLine(request.method ?? "", request.url ?? "");
  if (asked.kind === "refused" || asked.kind === "lfs") answerText(response, 503, absence);
  else answerError(response, asked, `git-gate: ${absence}`);
}
