import type { WebSocket } from "ws";
import type { Denial } from "../denial.ts";
import type { HeldBytes } from "../held-bytes.ts";

/** What one side of a WebSocket says, fragments joined and compression undone. */
export type Frame =
  | { readonly kind: "message"; readonly data: Buffer; readonly isBinary: boolean }
  | { readonly kind: "ping" | "pong"; readonly data: Buffer }
  /** the last one; 1005: no code was given, 1006: the connection ended without a word */
  | { readonly kind: "close"; readonly data: Buffer; readonly code: number };

interface Handling {
  take(frame: Frame): Promise<void>;
  refuse(denial: Denial): void;
}

/**
 * Hands on the frames of one side, each when the one before was taken; the
 * connection is not read in between. `refuse` is called when a frame finds no
 * room, and when taking one failed.
 */
export class Frames {
  readonly #socket: WebSocket;
  readonly #held: HeldBytes;
  readonly #how: Handling;
  #waiting: Frame[] = [];
  #isTaking = false;
  #isStopped = false;

  constructor(socket: WebSocket, held: HeldBytes, how: Handling) {
    this.#socket = socket;
    this.#held = held;
    this.#how = how;
    socket.on("message", (data, isBinary) => this.#push({ kind: "message", data: data as Buffer, isBinary }));
    socket.on("ping", (data) => this.#push({ kind: "ping", data }));
    socket.on("pong", (data) => this.#push({ kind: "pong", data }));
    socket.on("close", (code, data) => this.#push({ kind: "close", code, data }));
    socket.resume();
  }

  /** Hands on nothing more; reads on, so that the end of the connection is noticed. */
  stop(): void {
    this.#isStopped = true;
    for (const { data } of this.#waiting.splice(0)) this.#held.giveBack(data.length);
    this.#socket.resume();
  }

  #push(frame: Frame): void {
    if (this.#isStopped) return;
    if (!this.#held.take(frame.data.length)) {
      const because = "too many large messages are on their way at once";
      return this.#how.refuse({ code: "TooMuchHeld", because });
    }
    this.#waiting.push(frame);
    if (!this.#isTaking) void this.#takeAll();
  }

  async #takeAll(): Promise<void> {
    this.#isTaking = true;
    this.#socket.pause();
    for (let frame = this.#waiting.shift(); frame !== undefined; frame = this.#waiting.shift()) {
      await this.#takeOne(frame);
    }
    this.#isTaking = false;
    this.#socket.resume();
  }

  async #takeOne(frame: Frame): Promise<void> {
    try {
      await this.#how.take(frame);
    } catch (error) {
      // its words may quote the message
      const kind = error instanceof Error ? error.name : typeof error;
      this.#how.refuse({ code: "InternalError", because: `the proxy failed (${kind})` });
    } finally {
      this.#held.giveBack(frame.data.length);
    }
  }
}

/** Says a frame to the other side; settles when it was written, or when nobody is there any more. */
export function say(frame: Frame, socket: WebSocket): Promise<void> {
  if (frame.kind === "close") return Promise.resolve(closeWith(frame.code, frame.data, socket));
  return new Promise((resolve) => {
    const done = (): void => resolve();
    if (frame.kind === "message") socket.send(frame.data, { binary: frame.isBinary }, done);
    else socket[frame.kind](frame.data, undefined, done);
  });
}

function closeWith(code: number, reason: Buffer, socket: WebSocket): void {
  if (code === 1006) socket.terminate();
  else if (code === 1005) socket.close();
  else socket.close(code, reason);
}
