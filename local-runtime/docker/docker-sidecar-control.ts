import { Duplex } from "node:stream";
import { RuntimeUnavailableError, SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import type { SidecarControl } from "../../reconcilers/contract/sidecar-control.ts";
import { Demultiplexer } from "./demultiplexer.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { findOwn } from "./own-containers.ts";

/** Unread bytes at which a stream is ended: more than any line that the sidecars may send. */
const UNREAD_LIMIT_BYTES = 32 * 1024 * 1024;

/** Reaches the sidecars by attaching to their container's stdin and stdout. */
export class DockerSidecarControl implements SidecarControl {
  readonly #connection: EngineConnection;
  readonly #instance: string;

  constructor(connection: EngineConnection, instance: string) {
    this.#connection = connection;
    this.#instance = instance;
  }

  async open(sandbox: string, signal: AbortSignal): Promise<Duplex> {
    const found = await findOwn(this.#connection, this.#instance, sandbox, signal);
    if (found?.state.role !== "sidecars") throw new SandboxNotFoundError(`there are no sidecars ${sandbox}`);
    const streams = { stream: true, stdin: true, stdout: true, stderr: false, hijack: true };
    const socket = await this.#connection.open(signal, (docker, options) =>
      docker.getContainer(found.state.id).attach({ ...streams, ...options }),
    );
    return new AttachedStream(socket as Duplex);
  }
}

/**
 * The bytes of an attached container.
 *
 * The engine stops reading the container's output while a client does not read, and the sidecars would block. So this
 * stream never holds back: whoever lets too much pile up loses the stream.
 */
class AttachedStream extends Duplex {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    const demultiplexer = new Demultiplexer();
    socket.on("data", (chunk: Buffer) => {
      for (const { stream, bytes } of demultiplexer.take(chunk)) if (stream === "stdout") this.push(bytes);
      if (this.readableLength > UNREAD_LIMIT_BYTES)
        this.destroy(new Error("the control channel is not read"));
    });
    socket.once("end", () => this.push(null));
    socket.on("error", (cause) =>
      this.destroy(new RuntimeUnavailableError("the connection to the sidecars broke", { cause })),
    );
    socket.once("close", () => this.destroy());
  }

  override _read(): void {
    // Data comes as it comes.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
