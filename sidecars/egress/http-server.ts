import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { refuseSocket } from "./answer.ts";
import { foreignProtocolOf } from "./agent/foreign-protocol.ts";
import type { Denial } from "./denial.ts";
import { isHandshake } from "./websocket/handshake.ts";

const MAX_HEADER_BYTES = 64 * 1024;
/** for a head to come whole, and for the first byte of it */
const HEADERS_TIMEOUT_MS = 30_000;
/** for a whole request with its body: an upload may take long */
const REQUEST_TIMEOUT_MS = 60 * 60_000;
const KEEP_ALIVE_MS = 60_000;

type ClientError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

export interface HttpEvents {
  onRequest(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void;
  onConnect(request: IncomingMessage, socket: Socket, head: Buffer): void;
  /** a handshake of WebSocket, of which the connection is no longer HTTP's */
  onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  /** a connection on which something came that is no request */
  onMalformed(denial: Denial): void;
  /** whether a connection came out of a tunnel, and without TLS: anything may be spoken in it */
  isPlainTunnel(socket: Socket): boolean;
}

/**
 * A strict HTTP/1.1 server: no lenient parsing, no upgrades but WebSocket's, bounded heads and times. One that never listens and is
 * given its connections has to be told `listening`: before that node does not look at their times.
 */
export function createHttpServer(events: HttpEvents, headersTimeoutMs = HEADERS_TIMEOUT_MS): Server {
  const server = createServer({
    insecureHTTPParser: false,
    // node would answer by itself, past the policy and the audit
    requireHostHeader: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: headersTimeoutMs / 3,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    noDelay: true,
    shouldUpgradeCallback: isHandshake,
  });
  // node would drop the fields beyond its count in silence; their size is bounded as it is
  server.maxHeadersCount = 0;
  // each request of a connection listens for its end, and node warns of more than ten
  server.on("connection", (socket: Socket) => void socket.setMaxListeners(0));
  server.on("request", (request, response) => events.onRequest(request, response, false));
  // node would answer 417 by itself, past the policy and the audit; the field goes no further in any case
  server.on("checkExpectation", (request, response) => events.onRequest(request, response, false));
  server.on("checkContinue", (request, response) => events.onRequest(request, response, true));
  server.on("connect", (request, socket, head) => events.onConnect(request, socket as Socket, head));
  server.on("upgrade", (request, socket, head) => events.onUpgrade(request, socket as Socket, head));
  server.on("clientError", (error: ClientError, duplex) => {
    const socket = duplex as Socket;
    const refusal = refusalOf(error);
    if (refusal === undefined) return void socket.destroy();
    if (isAnswering(socket)) {
      events.onMalformed(refusal);
      return void socket.destroy();
    }
    const packet = refusal.code === "BadRequest" ? error.rawPacket : undefined;
    const foreign =
      packet === undefined ? undefined : foreignProtocolOf(packet, events.isPlainTunnel(socket));
    const denial = foreign?.denial ?? refusal;
    events.onMalformed(denial);
    if (foreign?.answer === undefined) refuseSocket(socket, denial);
    else socket.end(foreign.answer);
  });
  return server;
}

/** Undefined when the connection itself failed, and nobody is there to be told. */
function refusalOf({ code = "" }: ClientError): Denial | undefined {
  if (code === "HPE_HEADER_OVERFLOW")
    return { code: "HeadTooLarge", because: "the head of the request is too large" };
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return { code: "BadRequest", because: "the request took too long to come" };
  if (code.startsWith("HPE_"))
    return { code: "BadRequest", because: "what came is not well-formed HTTP/1.1" };
  return undefined;
}

/**
 * Whether a refusal would be taken for an answer that is on its way on this socket, or for one that a request before it
 * still waits for.
 */
function isAnswering(socket: Duplex): boolean {
  const { _httpMessage: message } = socket as Duplex & { _httpMessage?: ServerResponse | null };
  return message?.headersSent === true || message?.req.complete === true;
}
