import { PassThrough, Writable } from "node:stream";
import type { Duplex, Readable } from "node:stream";
import { RuntimeUnavailableError } from "../../reconcilers/contract/errors.ts";
import { Demultiplexer } from "./demultiplexer.ts";

/** The three streams of a command. */
export interface ExecStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** empty with a terminal */
  readonly stderr: Readable;
  /** resolves when the command has closed its output; rejects when the connection broke before */
  readonly ended: Promise<void>;
}

/** Splits the socket of a command into its streams; a reader that is slow holds the command back. */
export function execStreams(
  socket: Duplex,
  { tty, stdin }: { readonly tty: boolean; readonly stdin: boolean },
): ExecStreams {
  // What breaks while it is read ends the reading; what breaks later, such as a write to it, concerns nobody.
  socket.on("error", () => undefined);
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const ended = distribute(socket, tty, { stdout, stderr }).finally(() => {
    stdout.end();
    stderr.end();
  });
  return { stdin: stdin ? stdinOf(socket) : closedInput(), stdout, stderr, ended };
}

async function distribute(
  socket: Duplex,
  tty: boolean,
  to: { readonly stdout: Writable; readonly stderr: Writable },
): Promise<void> {
  const demultiplexer = new Demultiplexer();
  try {
    for await (const chunk of socket) {
      const parts = tty
        ? [{ stream: "stdout", bytes: chunk as Buffer } as const]
        : demultiplexer.take(chunk as Buffer);
      for (const { stream, bytes } of parts) await written(to[stream], bytes);
    }
  } catch (error) {
    throw new RuntimeUnavailableError("the connection to the command broke", { cause: error });
  }
}

/** Resolves when there is room for more; a stream that nobody wants any more takes everything. */
function written(stream: Writable, bytes: Buffer): Promise<void> | undefined {
  if (stream.destroyed || stream.write(bytes)) return undefined;
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off("drain", go).off("close", go);
      resolve();
    };
    stream.once("drain", go).once("close", go);
  });
}

/** The socket's way in; ending it closes the command's stdin and leaves the way out open. */
function stdinOf(socket: Duplex): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, () => done()),
    final: (done) => void socket.end(() => done()),
  });
}

function closedInput(): Writable {
  const input = new PassThrough();
  input.resume();
  return input;
}
