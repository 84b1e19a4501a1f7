import { once } from "node:events";
import net, { type Socket } from "node:net";
import tls, { type TLSSocket } from "node:tls";
import { normaliseHost } from "../../../sidecars/egress/request/authority.ts";
import type { World } from "./kit.ts";

/** What came back. `denied` is the code of a refusal by the proxy itself. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly denied: string | undefined;
}

/** A connection to the proxy, or through it. */
export async function dial(world: Pick<World, "port">): Promise<Socket> {
  const socket = net.connect({ host: "127.0.0.1", port: world.port, noDelay: true });
  await once(socket, "connect");
  // a connection that the proxy cuts off shows in what is read from it
  socket.on("error", () => undefined);
  return socket;
}

/** A connection as of a client that knows of no proxy. */
export async function dialTransparent(world: World, way: "tls" | "http"): Promise<Socket> {
  return dial({ port: world.transparent[way] });
}

/** TLS of a client that knows of no proxy; throws what the handshake ended with. */
export async function openTransparentTls(
  world: World,
  servername: string | undefined,
  session?: Buffer,
): Promise<TLSSocket> {
  const secure = tls.connect({
    socket: await dialTransparent(world, "tls"),
    ca: world.ca,
    ...(servername === undefined ? {} : { servername }),
    ...(session === undefined ? {} : { session }),
    checkServerIdentity: (_name, certificate) =>
      tls.checkServerIdentity(normaliseHost(servername ?? "") ?? "", certificate),
  });
  await once(secure, "secureConnect");
  secure.on("error", () => undefined);
  return secure;
}

/** Asks for a tunnel and says what the proxy answered. */
export async function connect(
  world: World,
  authority: string,
  hostHeader = authority,
): Promise<{ readonly socket: Socket; readonly answer: Answer }> {
  const socket = await dial(world);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${hostHeader}\r\n\r\n`);
  const answer = await readAnswer(socket, { isConnect: true });
  return { socket, answer };
}

/** A TLS connection through a tunnel; throws with the proxy's code when it is refused. */
export async function openTls(
  world: World,
  authority: string,
  options: { readonly servername?: string | undefined; readonly hostHeader?: string } = {},
): Promise<TLSSocket> {
  const { socket, answer } = await connect(world, authority, options.hostHeader ?? authority);
  if (answer.status !== 200) throw new Error(`refused: ${answer.denied ?? answer.status}`);
  const host = normaliseHost(authority.replace(/:\d+$/, "")) ?? "";
  const servername = "servername" in options ? options.servername : host;
  const secure = tls.connect({
    socket,
    ca: world.ca,
    ...(servername === undefined || net.isIP(servername) !== 0 ? {} : { servername }),
    checkServerIdentity: (_name, certificate) => tls.checkServerIdentity(host, certificate),
  });
  await once(secure, "secureConnect");
  secure.on("error", () => undefined);
  return secure;
}

/** Writes bytes and reads one answer. */
export async function exchange(socket: Socket, bytes: string | Buffer): Promise<Answer> {
  socket.write(bytes);
  return readAnswer(socket);
}

/** One request over TLS through a tunnel of its own. */
export async function request(
  world: World,
  url: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Buffer;
  } = {},
): Promise<Answer> {
  const { host, hostname, port, pathname, search } = new URL(url);
  const socket = await openTls(world, `${hostname}:${port === "" ? 443 : port}`);
  try {
    const body = Buffer.from(options.body ?? "");
    const method = options.method ?? (body.length > 0 ? "POST" : "GET");
    const length = body.length > 0 ? { "content-length": String(body.length) } : {};
    const headers = Object.entries({ host, ...length, ...options.headers });
    const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const start = `${method} ${pathname}${search} HTTP/1.1\r\n${head}\r\n`;
    socket.write(Buffer.concat([Buffer.from(start, "latin1"), body]));
    return await readAnswer(socket, { isHead: method === "HEAD" });
  } finally {
    socket.destroy();
  }
}

/** Reads one answer, framed as it says, or until the connection ends. */
export function readAnswer(
  socket: Socket,
  how: { readonly isConnect?: boolean; readonly isHead?: boolean } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let received = "";
    const finish = (hasEnded: boolean): void => {
      const answer = parseAnswer(received, { ...how, hasEnded });
      if (answer === undefined && !hasEnded) return;
      socket.off("data", onData).off("end", onEnd).off("close", onEnd).off("error", onError);
      if (answer === undefined)
        reject(new Error(`connection ended after ${JSON.stringify(received.slice(0, 80))}`));
      else resolve(answer);
    };
    const onData = (chunk: Buffer): void => {
      received += chunk.toString("latin1");
      finish(false);
    };
    const onEnd = (): void => finish(true);
    const onError = (): void => finish(true);
    socket.on("data", onData).on("end", onEnd).on("close", onEnd).on("error", onError);
  });
}

interface Framing {
  readonly isConnect?: boolean;
  readonly isHead?: boolean;
  readonly hasEnded: boolean;
}

function parseAnswer(received: string, how: Framing): Answer | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [start = "", ...lines] = received.slice(0, end).split("\r\n");
  const status = Number(start.split(" ")[1]);
  if (status === 100) return parseAnswer(received.slice(end + 4), how);
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
  const hasBody =
    how.isHead !== true && ![204, 304].includes(status) && !(how.isConnect === true && status === 200);
  const body = hasBody ? bodyOf(received.slice(end + 4), headers, how.hasEnded) : "";
  return body === undefined ? undefined : { status, headers, body, denied: headers["x-bot-bottle-denied"] };
}

/** Undefined while more is to come. */
function bodyOf(rest: string, headers: Answer["headers"], hasEnded: boolean): string | undefined {
  if (headers["transfer-encoding"] === "chunked")
    return rest.endsWith("0\r\n\r\n") ? unchunk(rest) : undefined;
  const length = headers["content-length"];
  if (length !== undefined) return rest.length >= Number(length) ? rest.slice(0, Number(length)) : undefined;
  return hasEnded ? rest : undefined;
}

function unchunk(text: string): string {
  let body = "";
  let at = 0;
  for (;;) {
    const line = text.indexOf("\r\n", at);
    const length = Number.parseInt(text.slice(at, line), 16);
    if (!(length > 0)) return body;
    body += text.slice(line + 2, line + 2 + length);
    at = line + 4 + length;
  }
}
