import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";

/** The agent's side of one exchange, whatever version of HTTP it speaks. */
export interface AgentStream {
  /** of HTTP */
  readonly version: 1 | 2;
  readonly method: string;
  /** target of the request as it came: a path, a URL */
  readonly target: string;
  /** name, value, name, value, … as they came */
  readonly rawHeaders: readonly string[];
  /** the request has an Expect field: its body may come or not once the answer has */
  readonly expects: boolean;
  /** whether a body comes although no field tells of one, as in HTTP/2 */
  readonly hasUntoldBody: boolean;
  /** body of the request */
  readonly body: Readable;
  /** of the request: name, value, …; whole when its body ended */
  readonly trailers: readonly string[];
  /** whether the whole request has come */
  readonly isComplete: boolean;
  /** whether nobody waits for the answer any more */
  readonly isGone: boolean;
  readonly answer: Answer;
  /** the request is the handshake of a WebSocket */
  readonly upgrade?: Upgrade;
  /** calls when nobody waits any more, soon when that is so already; until `forgetGone` takes it back */
  onGone(act: () => void): void;
  forgetGone(act: () => void): void;
  /** tells an agent that waits for it to send its body (RFC 9110 §10.1.1); nothing when it does not wait */
  continue(): void;
  /** ends the connection (HTTP/1) or the stream (HTTP/2) at once */
  cut(): void;
}

/** A handshake, and the connection that is used otherwise once it was answered with 101. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** what came after the handshake */
  readonly head: Buffer;
  /** Takes the connection from HTTP; gives the fields with which the answer was started. */
  switchProtocols(): readonly string[];
}

/** Where an answer goes, piece by piece. Interceptors wrap it to change what the agent is given. */
export interface Answer {
  /** whether a status was sent */
  readonly hasStarted: boolean;
  /** `headers`: name, value, name, value, …; `reason` is for HTTP/1 alone */
  start(status: number, headers: readonly string[], reason?: string): void;
  /** Whether more may be written at once; if not, `onDrain` tells when. */
  write(chunk: Buffer): boolean;
  /** Calls once, when more may be written. */
  onDrain(act: () => void): void;
  /** `trailers`: name, value, name, value, … */
  end(trailers?: readonly string[]): void;
  /** Breaks it off: half an answer must not look like a whole one. `code`: why, in the codes of HTTP/2. */
  abort(code?: number): void;
}
