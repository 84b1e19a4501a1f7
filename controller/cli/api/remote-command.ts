import type { ClientRequest, IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import type { ApiClient } from "./api-client.ts";
import { ApiError, ConnectionError, type Status } from "./api-error.ts";

/** Channels of `v5.channel.k8s.io`: the first byte of every message. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
const PROTOCOL = "v5.channel.k8s.io";
const SEND_AHEAD_BYTES = 1024 * 1024;

/** A command that runs in a bottle, seen from here. */
export interface RemoteCommand {
  /** false: nothing more should be sent until `onDrain` was called */
  send(input: Buffer): boolean;
  endInput(): void;
  resize(size: { readonly columns: number; readonly rows: number }): void;
  /** resolves with the command's own exit code; rejects with ConnectionError or ApiError */
  readonly exitCode: Promise<number>;
}

export interface RemoteCommandEvents {
  readonly onOutput: (channel: "stdout" | "stderr", output: Buffer) => void;
  readonly onDrain: () => void;
}

/** Opens `path` (a Pod's exec or attach with its query) and speaks the Kubernetes remote command protocol on it. */
export async function openRemoteCommand(
  client: ApiClient,
  path: string,
  events: RemoteCommandEvents,
  signal: AbortSignal,
): Promise<RemoteCommand> {
  const { WebSocket } = await import("ws");
  const { url, token, caPem } = client.connection;
  const socket = new WebSocket(new URL(path, url.replace(/^http/, "ws")), PROTOCOL, {
    headers: { authorization: `Bearer ${token}` },
    ca: caPem,
    perMessageDeflate: false,
  });
  signal.addEventListener("abort", () => socket.terminate(), { once: true });
  const exitCode = exitCodeOf(socket, events);
  // whoever opens the command looks at it later than the first failure can come
  exitCode.catch(() => undefined);
  await opened(socket, signal);
  return {
    send: (input) => sendInput(socket, input, events.onDrain),
    endInput: () => socket.send(Buffer.from([CHANNEL.close, CHANNEL.stdin])),
    resize: ({ columns, rows }) =>
      sendOn(socket, CHANNEL.resize, Buffer.from(JSON.stringify({ Width: columns, Height: rows }))),
    exitCode,
  };
}

function sendInput(socket: WebSocket, input: Buffer, onDrain: () => void): boolean {
  let full = false;
  sendOn(socket, CHANNEL.stdin, input, () => full && onDrain());
  full = socket.bufferedAmount > SEND_AHEAD_BYTES;
  return !full;
}

function sendOn(socket: WebSocket, channel: number, body: Buffer, sent?: () => void): void {
  if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.from([channel]), body]), sent);
}

function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", (cause) => {
      if (signal.aborted) reject(signal.reason as Error);
      else
        reject(
          new ConnectionError("the connection to the bottle could not be made", { refused: false, cause }),
        );
    });
    socket.once("unexpected-response", (_request: ClientRequest, answer: IncomingMessage) => {
      void refusal(answer).then(reject);
    });
  });
}

async function refusal(answer: IncomingMessage): Promise<ApiError> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  // the server keeps the connection for another request, which would keep this process
  answer.destroy();
  return new ApiError(answer.statusCode ?? 0, parseStatus(Buffer.concat(chunks)));
}

function exitCodeOf(socket: WebSocket, events: RemoteCommandEvents): Promise<number> {
  let outcome: Status | undefined;
  socket.on("message", (message: Buffer) => {
    const body = message.subarray(1);
    if (message[0] === CHANNEL.stdout) events.onOutput("stdout", body);
    else if (message[0] === CHANNEL.stderr) events.onOutput("stderr", body);
    else if (message[0] === CHANNEL.error) {
      outcome = parseStatus(body);
      // the outcome is the last thing that is sent: waiting for the other side to close would add nothing
      socket.terminate();
    }
  });
  return new Promise((resolve, reject) => {
    socket.once("error", () => undefined); // a close always follows and says the same
    socket.once("close", () => {
      if (outcome === undefined) {
        reject(
          new ConnectionError("the connection to the bottle broke", { refused: false, cause: undefined }),
        );
        return;
      }
      const code = exitCodeIn(outcome);
      if (code === undefined) reject(new ApiError(outcome.code ?? 500, outcome));
      else resolve(code);
    });
  });
}

function exitCodeIn(status: Status & { readonly status?: string }): number | undefined {
  if (status.status === "Success") return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === "ExitCode");
  return cause?.message === undefined ? undefined : Number(cause.message);
}

function parseStatus(body: Buffer): Status {
  try {
    return JSON.parse(body.toString("utf8")) as Status;
  } catch {
    return {}; // an answer that is not a Status says nothing; its code has to do
  }
}
