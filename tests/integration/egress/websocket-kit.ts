import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type ClientOptions, type RawData, WebSocket, WebSocketServer } from "ws";
import { startUpstream, type World } from "./kit.ts";
import { dial, openTls } from "./client.ts";

/** What an upstream was told on one connection. */
export interface SeenConversation {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: WebSocket;
  /** `text:…`, `binary:…`, `ping:…`, `pong:…`, `close:code:reason` */
  readonly said: string[];
}

export interface WebSocketUpstream {
  readonly port: number;
  readonly conversations: SeenConversation[];
  /** bytes that came, TLS undone */
  bytes(): string;
  close(): void;
}

type WebSocketServerOptions = ConstructorParameters<typeof WebSocketServer>[0];

/** An upstream that echoes what it is told; over TLS unless `plain`. */
export async function startWebSocketUpstream(
  options: {
    readonly plain?: boolean;
    readonly server?: WebSocketServerOptions;
    /** instead of a 101 */
    readonly refuse?: (socket: Socket) => void;
    readonly talk?: (socket: WebSocket, request: IncomingMessage) => void;
    /** further lines of the 101 */
    readonly lines?: readonly string[];
  } = {},
): Promise<WebSocketUpstream> {
  const conversations: SeenConversation[] = [];
  const server = new WebSocketServer({ noServer: true, autoPong: false, ...options.server });
  server.on("headers", (lines) => void lines.push(...(options.lines ?? [])));
  const upstream = await startUpstream({
    ...(options.plain === undefined ? {} : { plain: options.plain }),
    upgrade(request, socket, head) {
      if (options.refuse !== undefined) return options.refuse(socket);
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const said = record(webSocket);
        conversations.push({ url: request.url ?? "", headers: request.headers, socket: webSocket, said });
        (options.talk ?? echo)(webSocket, request);
      });
    },
  });
  return { port: upstream.port, conversations, bytes: upstream.bytes, close: upstream.close };
}

function echo(socket: WebSocket): void {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on("ping", (data) => socket.pong(data));
}

/** Notes what a WebSocket is told. */
function record(socket: WebSocket): string[] {
  const said: string[] = [];
  socket.on("error", () => undefined);
  socket.on("message", (data, isBinary) => said.push(`${isBinary ? "binary" : "text"}:${textOf(data)}`));
  socket.on("ping", (data) => said.push(`ping:${data.toString()}`));
  socket.on("pong", (data) => said.push(`pong:${data.toString()}`));
  socket.on("close", (code, reason) => said.push(`close:${code}:${reason.toString()}`));
  return said;
}

const textOf = (data: RawData): string => (data as Buffer).toString("latin1");

/** The agent's side of a WebSocket, through a tunnel for wss and in absolute form for ws. */
export async function openWebSocket(
  world: World,
  url: string,
  options: ClientOptions & { readonly protocols?: string[] } = {},
): Promise<{ readonly socket: WebSocket; readonly said: string[]; readonly response: IncomingMessage }> {
  const { socket, refused } = await tryWebSocket(world, url, options);
  const said = record(socket);
  const accepted = Promise.all([once(socket, "upgrade"), once(socket, "open")]);
  const [[response]] = (await Promise.race([accepted, refused])) as [[IncomingMessage], unknown];
  return { socket, said, response };
}

/** `refused` rejects with the status and the proxy's code when the handshake is answered otherwise. */
async function tryWebSocket(
  world: World,
  url: string,
  { protocols, ...options }: ClientOptions & { readonly protocols?: string[] },
): Promise<{ readonly socket: WebSocket; readonly refused: Promise<never> }> {
  const { protocol, hostname, port, host } = new URL(url);
  const isSecure = protocol === "wss:";
  const connection = isSecure
    ? await openTls(world, `${hostname}:${port === "" ? 443 : port}`)
    : await dial(world);
  const socket = new WebSocket(url.replace(/^wss:/, "ws:"), protocols ?? [], {
    autoPong: false,
    ...options,
    headers: { host, ...options.headers },
    createConnection: () => connection,
    finishRequest(request) {
      if (!isSecure) request.path = url.replace(/^ws:/, "http:");
      request.end();
    },
  });
  const refused = new Promise<never>((_resolve, reject) => {
    socket.once("unexpected-response", (_request, response) => {
      const code = response.headers["x-bot-bottle-denied"] ?? response.headers["x-bot-bottle-failed"];
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        reject(new Error(`${response.statusCode} ${code?.toString() ?? Buffer.concat(chunks).toString()}`)),
      );
    });
    socket.once("error", reject);
  });
  refused.catch(() => undefined);
  return { socket, refused };
}

/** How a handshake ends that is not accepted: status and code. */
export async function refusalOf(
  world: World,
  url: string,
  options: ClientOptions & { readonly protocols?: string[] } = {},
): Promise<string> {
  try {
    const { socket } = await openWebSocket(world, url, options);
    socket.terminate();
    return "accepted";
  } catch (error) {
    return (error as Error).message;
  }
}
