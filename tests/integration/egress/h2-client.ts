import { once } from "node:events";
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from "node:http2";
import tls, { type TLSSocket } from "node:tls";
import { connect } from "./client.ts";
import type { World } from "./kit.ts";

/** What came back over HTTP/2. */
export interface Answer2 {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly denied: string | undefined;
  /** how the stream ended */
  readonly code: number;
}

/** TLS through a tunnel, with the protocols that are asked for. */
export async function openAlpn(world: World, authority: string, ALPNProtocols: string[]): Promise<TLSSocket> {
  const { socket, answer } = await connect(world, authority);
  if (answer.status !== 200) throw new Error(`refused: ${answer.denied ?? answer.status}`);
  const secure = tls.connect({
    socket,
    ca: world.ca,
    servername: authority.replace(/:\d+$/, ""),
    ALPNProtocols,
  });
  await once(secure, "secureConnect");
  secure.on("error", () => undefined);
  return secure;
}

/** A session of HTTP/2 through a tunnel. */
export async function openHttp2(
  world: World,
  authority: string,
  options: http2.ClientSessionOptions = {},
): Promise<ClientHttp2Session> {
  const secure = await openAlpn(world, authority, ["h2"]);
  const session = http2.connect(`https://${authority.replace(/:443$/, "")}`, {
    ...options,
    createConnection: () => secure,
  });
  session.on("error", () => undefined);
  return session;
}

/** One request, whole, and its answer. */
export async function ask2(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string | Buffer,
): Promise<Answer2> {
  const stream = session.request(headers, { endStream: body === undefined });
  const answer = answerOf(stream);
  if (body !== undefined) stream.end(body);
  return answer;
}

/** Reads an answer to its end, however that comes. */
export async function answerOf(stream: ClientHttp2Stream): Promise<Answer2> {
  let headers: Record<string, unknown> = {};
  let trailers: Record<string, unknown> = {};
  const chunks: Buffer[] = [];
  stream.on("response", (got) => (headers = { ...got }));
  stream.on("trailers", (got) => (trailers = { ...got }));
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", () => undefined);
  if (!stream.destroyed) await once(stream, "close").catch(() => undefined);
  return {
    status: Number(headers[":status"] ?? 0),
    headers,
    body: Buffer.concat(chunks).toString("latin1"),
    trailers,
    denied: headers["x-bot-bottle-denied"] as string | undefined,
    code: stream.rstCode ?? 0,
  };
}
