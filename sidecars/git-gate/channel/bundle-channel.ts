import { chmodSync, rmSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { LineReader } from "../../shared/line-reader.ts";
import { MAX_LINE_BYTES } from "../../wire/control.ts";
import { type GateMessage, GateRequest } from "../../wire/git-gate-channel.ts";

/** messages that may wait for a bundle that does not read; it is broken then */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** The one connection on which the bundle configures this process, and hears of it. */
export class BundleChannel {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Waits for the bundle at `path`; nobody else can connect from then on. */
  static async accept(path: string): Promise<BundleChannel> {
    rmSync(path, { force: true });
    const server = createServer();
    server.maxConnections = 1;
    server.listen(path);
    await once(server, "listening");
    // the bundle is in this process's group
    chmodSync(path, 0o660);
    const [socket] = (await once(server, "connection")) as [Socket];
    server.close();
    rmSync(path, { force: true });
    return new BundleChannel(socket);
  }

  send(message: GateMessage): void {
    if (!this.#socket.writable) return;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    if (this.#socket.writableLength > MAX_WAITING_BYTES) this.#socket.destroy();
  }

  /** Gives each request to `act`, until the bundle is gone. A line that is no request ends the channel: it is ours. */
  async serve(act: (request: GateRequest) => void): Promise<void> {
    const lines = new LineReader(MAX_LINE_BYTES);
    this.#socket.on("error", () => undefined);
    const closed = once(this.#socket, "close");
    this.#socket.on("data", (chunk: Buffer) => {
      for (const line of lines.push(chunk)) {
        const request = requestOf(line);
        if (request === undefined) this.#socket.destroy();
        else act(request);
      }
    });
    await closed;
  }
}

function requestOf(line: string): GateRequest | undefined {
  try {
    return GateRequest.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // the parser's message quotes the line, which holds secrets
  }
}
