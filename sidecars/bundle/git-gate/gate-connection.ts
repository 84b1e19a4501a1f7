import { connect, type Socket } from "node:net";
import { LineReader } from "../../shared/line-reader.ts";
import { GateMessage, type GateRequest, MAX_GATE_LINE_BYTES } from "../../wire/git-gate-channel.ts";

/** What a connection tells of. */
export interface ConnectionListener {
  readonly onOpen: () => void;
  readonly onMessage: (message: GateMessage) => void;
  /** once, also when it never was open; nothing comes after it */
  readonly onEnd: (wasOpen: boolean) => void;
}

/** A connection to git-gate's process. A line of it that is no message ends it: the process is not what it should be. */
export class GateConnection {
  readonly #socket: Socket;

  constructor(path: string, { onOpen, onMessage, onEnd }: ConnectionListener) {
    this.#socket = connect(path);
    const lines = new LineReader(MAX_GATE_LINE_BYTES);
    let wasOpen = false;
    this.#socket.on("error", () => undefined);
    this.#socket.once("connect", () => {
      wasOpen = true;
      onOpen();
    });
    this.#socket.once("close", () => onEnd(wasOpen));
    this.#socket.on("data", (chunk: Buffer) => {
      for (const line of lines.push(chunk)) {
        const message = messageOf(line);
        if (this.#socket.destroyed) return;
        if (message === undefined) this.#socket.destroy();
        else onMessage(message);
      }
    });
  }

  /** Whether somebody listens there. */
  get isOpen(): boolean {
    return this.#socket.readyState === "open";
  }

  send(request: GateRequest): void {
    this.#socket.write(`${JSON.stringify(request)}\n`);
  }

  close(): void {
    this.#socket.destroy();
  }
}

function messageOf(line: string): GateMessage | undefined {
  try {
    return GateMessage.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
