import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { AgentStream, Answer } from "../agent/agent-stream.ts";
import { Http1Stream } from "../agent/http1-stream.ts";
import { withoutHandshake } from "./handshake.ts";

/**
 * A handshake that the agent sent over HTTP/1.1. It is a request as any other
 * until it is answered with 101: a refusal is an ordinary answer, after which
 * the connection closes.
 */
export function upgradeStream(request: IncomingMessage, socket: Socket, head: Buffer): AgentStream {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => socket.destroySoon());
  socket.on("error", () => socket.destroy());
  const plain = new Http1Stream(request, response, false);
  const answer = new UpgradeAnswer(plain.answer, socket);
  return {
    version: plain.version,
    method: plain.method,
    target: plain.target,
    rawHeaders: withoutHandshake(request.rawHeaders),
    expects: plain.expects,
    hasUntoldBody: plain.hasUntoldBody,
    body: request,
    trailers: [],
    isComplete: true,
    get isGone() {
      return socket.destroyed;
    },
    answer,
    upgrade: {
      request,
      socket,
      head,
      switchProtocols() {
        response.detachSocket(socket);
        return answer.fields;
      },
    },
    onGone: (act) => void socket.on("close", act),
    forgetGone: (act) => void socket.off("close", act),
    continue: () => undefined,
    cut: () => void socket.destroy(),
  };
}

/** Keeps the fields of a 101, which whoever switches protocols sends; any other answer goes out as it is. */
class UpgradeAnswer implements Answer {
  fields: readonly string[] = [];
  readonly #plain: Answer;
  readonly #socket: Socket;
  #isSwitching = false;

  constructor(plain: Answer, socket: Socket) {
    this.#plain = plain;
    this.#socket = socket;
  }

  get hasStarted(): boolean {
    return this.#isSwitching || this.#plain.hasStarted;
  }

  start(status: number, headers: readonly string[], reason?: string): void {
    this.#isSwitching = status === 101;
    if (this.#isSwitching) this.fields = headers;
    else this.#plain.start(status, headers, reason);
  }

  write(chunk: Buffer): boolean {
    return this.#plain.write(chunk);
  }

  onDrain(act: () => void): void {
    this.#plain.onDrain(act);
  }

  end(trailers?: readonly string[]): void {
    this.#plain.end(trailers);
  }

  abort(): void {
    this.#socket.destroy();
  }
}
