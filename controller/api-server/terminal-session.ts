import { finished } from "node:stream/promises";
import type { Readable } from "node:stream";
import type { WebSocket } from "ws";
import type { ExecSession } from "../../reconcilers/contract/sandbox-exec.ts";
import { asStatusError } from "./as-status-error.ts";
import { CHANNEL, exitStatus, failureStatus, frame, terminalSizeOf } from "./terminal-frames.ts";

const NORMAL_CLOSURE = 1000;

/**
 * Starts a command and joins it with a WebSocket until it ends or the client
 * goes, which aborts the signal it was started with. Neither side is read faster than the other one takes it.
 *
 * That it cannot be started is told inside the session: kubectl takes a refused
 * handshake for a server that only knows an older protocol.
 */
export async function runTerminalSession(
  socket: WebSocket,
  start: () => Promise<ExecSession>,
): Promise<void> {
  socket.on("error", () => socket.terminate());
  // What the client sends before the command has started waits in the connection.
  socket.pause();
  try {
    await end(socket, exitStatus(await joined(socket, await start())));
  } catch (error) {
    await end(socket, failureStatus(asStatusError(error).status));
  }
}

async function joined(socket: WebSocket, session: ExecSession): Promise<number> {
  socket.on("message", (message: Buffer) => receive(message, socket, session));
  session.stdin.on("error", () => undefined); // the command closed its stdin: what comes later has no reader
  socket.resume();
  // An empty message tells the client that the command has started.
  await sent(socket, frame(CHANNEL.stdout, Buffer.alloc(0)));
  const [exitCode] = await Promise.all([
    session.exitCode,
    pour(session.stdout, CHANNEL.stdout, socket),
    pour(session.stderr, CHANNEL.stderr, socket),
  ]);
  return exitCode;
}

function receive(message: Buffer, socket: WebSocket, session: ExecSession): void {
  const content = message.subarray(1);
  switch (message[0]) {
    case CHANNEL.stdin:
      if (session.stdin.writableEnded || session.stdin.write(content)) return;
      socket.pause();
      session.stdin.once("drain", () => socket.resume());
      return;
    case CHANNEL.resize: {
      const size = terminalSizeOf(content);
      // A terminal that has just gone cannot be resized, and need not be.
      if (size !== undefined) void session.resize(size).catch(() => undefined);
      return;
    }
    case CHANNEL.close:
      if (content[0] === CHANNEL.stdin) session.stdin.end();
      return;
    default:
    // Other channels only go the other way.
  }
}

async function pour(from: Readable, channel: number, socket: WebSocket): Promise<void> {
  for await (const chunk of from as AsyncIterable<Buffer | string>) {
    // Once the client has gone the rest is read and dropped, so that the command is not stuck before it is killed.
    if (socket.readyState === socket.OPEN) await sent(socket, frame(channel, chunk));
  }
  await finished(from);
}

async function end(socket: WebSocket, status: object): Promise<void> {
  // Or the client's part of the closing would never be read.
  socket.resume();
  await sent(socket, frame(CHANNEL.error, Buffer.from(JSON.stringify(status))));
  socket.close(NORMAL_CLOSURE);
}

/** Resolves when the message is with the operating system, or the connection is gone. */
const sent = (socket: WebSocket, message: Buffer): Promise<void> =>
  new Promise((resolve) => socket.send(message, { binary: true }, () => resolve()));
