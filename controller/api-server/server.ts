import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../engine/index.ts";
import { statusAnswer } from "./answer.ts";
import { asStatusError } from "./as-status-error.ts";
import type { Authenticate } from "./authentication.ts";
import { readBody } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import { respond } from "./respond.ts";
import type { Router } from "./router.ts";
import { type StatusError, unauthorized } from "./status-error.ts";
import type { TlsMaterial } from "./tls-material.ts";

const LOOPBACK = "127.0.0.1";
/** A client that has not sent its whole request by then is cut off; answers may take as long as they like. */
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 20_000;
const MAX_CONNECTIONS = 1024;
/** how long open answers have to end when the server closes */
const CLOSE_GRACE_MS = 2_000;

/** Where the server writes what a person should know; the shape of pino. */
export interface Logger {
  debug(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** What the server is made of. */
export interface HttpsServerOptions {
  readonly tls: TlsMaterial;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly router: Router;
  /** takes over a connection that asked for another protocol, once it is authenticated */
  readonly upgrade: (request: IncomingMessage, exchange: Exchange, socket: Duplex, head: Buffer) => void;
}

/** The address is taken, most often by something that started meanwhile. */
export class PortInUseError extends Error {
  override readonly name = "PortInUseError";
}

/** https on loopback: heads are checked, requests answered, everything ends when it closes. */
export class HttpsServer {
  readonly #options: HttpsServerOptions;
  readonly #server: Server;
  readonly #closing = new AbortController();
  /** connections that node:https no longer counts as its own */
  readonly #upgraded = new Set<Duplex>();
  #authenticate: Authenticate = unauthorized;

  constructor(options: HttpsServerOptions) {
    this.#options = options;
    const { tls } = options;
    this.#server = createServer(
      {
        key: tls.privateKeyPem,
        cert: tls.certificatePem,
        minVersion: "TLSv1.3",
        requestTimeout: REQUEST_TIMEOUT_MS,
        headersTimeout: HEADERS_TIMEOUT_MS,
      },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Listens on loopback and returns the port; 0 takes a free one. Throws PortInUseError. */
  async listen(port: number, authenticateFor: (port: number) => Authenticate): Promise<number> {
    try {
      this.#server.listen(port, LOOPBACK);
      await once(this.#server, "listening");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      throw new PortInUseError(
        `port ${port} on ${LOOPBACK} is in use: end what listens there, or choose another port`,
        {
          cause: error,
        },
      );
    }
    const bound = (this.#server.address() as AddressInfo).port;
    this.#authenticate = authenticateFor(bound);
    return bound;
  }

  /** Ends watches and terminals, answers what is under way, and stops listening. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#closing.abort();
    this.#server.closeIdleConnections();
    const cancel = this.#options.clock.after(CLOSE_GRACE_MS, () => {
      this.#server.closeAllConnections();
      for (const socket of this.#upgraded) socket.destroy();
    });
    await closed;
    cancel();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = this.#exchangeOf(request, response);
    const { clock, router } = this.#options;
    try {
      this.#check(exchange);
      await respond(response, await router(exchange), exchange, clock);
    } catch (error) {
      await this.#refuse(error, response, exchange);
    }
  }

  async #refuse(error: unknown, response: ServerResponse, exchange: Exchange): Promise<void> {
    const told = this.#told(error, exchange);
    // A stream that has begun can only be cut off: its reader then knows that it is not whole.
    if (response.headersSent) return void response.destroy();
    // What is left of a body that was refused is not read.
    if (told.status.code === 413) response.setHeader("Connection", "close");
    if (told.status.code === 401) response.setHeader("WWW-Authenticate", "Bearer");
    await respond(response, statusAnswer(told.status), exchange, this.#options.clock);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const exchange = this.#exchangeOf(request, socket);
    this.#upgraded.add(socket);
    socket.once("close", () => this.#upgraded.delete(socket));
    socket.on("error", () => socket.destroy());
    try {
      this.#check(exchange);
      this.#options.upgrade(request, exchange, socket, head);
    } catch (error) {
      const { status } = this.#told(error, exchange);
      const body = JSON.stringify(status);
      socket.end(
        `HTTP/1.1 ${status.code} ${status.reason ?? "Error"}\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
      // The rest of the connection is the client's to close; one that does not is not waited for.
      this.#options.clock.after(CLOSE_GRACE_MS, () => socket.destroy());
    }
  }

  #check({ headers }: Exchange): void {
    const refusal = this.#authenticate(headers);
    if (refusal !== undefined) throw refusal;
  }

  /** The query stays out of the log: an exec's command is in it. */
  #told(error: unknown, { method, pathname, signal }: Exchange): StatusError {
    const told = asStatusError(error);
    const { code } = told.status;
    const facts = { method, path: pathname, code };
    if (code >= 500 && !signal.aborted)
      this.#options.logger.error({ ...facts, err: told.cause ?? told }, "request failed");
    else this.#options.logger.debug(facts, "request refused");
    return told;
  }

  #exchangeOf(request: IncomingMessage, connection: ServerResponse | Duplex): Exchange {
    const gone = new AbortController();
    // Not the request's close: that comes when its body has been read.
    connection.once("close", () => gone.abort());
    const url = URL.parse(request.url ?? "/", "https://localhost");
    return {
      method: request.method ?? "GET",
      pathname: url?.pathname ?? "",
      query: url?.searchParams ?? new URLSearchParams(),
      headers: request.headers,
      signal: AbortSignal.any([gone.signal, this.#closing.signal]),
      readBody: () => readBody(request),
    };
  }
}
