import { once } from "node:events";
import http from "node:http";
import http2, { type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import tls from "node:tls";
import { LeafCertificates } from "../../../sidecars/egress/certificates/leaves.ts";
import { aSecret, startWorld, upstreamAuthority, type World } from "./kit.ts";

/** One stream as an upstream of HTTP/2 sees it. */
export interface SeenStream {
  readonly headers: IncomingHttpHeaders;
  body: string;
  trailers: IncomingHttpHeaders;
  /** how it ended; undefined until it has */
  code: number | undefined;
}

export interface Http2Upstream {
  readonly port: number;
  readonly seen: SeenStream[];
  readonly sessions: ServerHttp2Session[];
  /** those that are open */
  connections(): number;
  close(): void;
}

export type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** The head of a call of gRPC. */
export const grpcCall = {
  ":path": "/pkg.Service/Call",
  ":method": "POST",
  "content-type": "application/grpc",
  te: "trailers",
};

/** What a gRPC server does: answers as soon as it is asked, echoes, and says at the end how it went. */
export const grpcEcho: OnStream = (stream) => {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "grpc-message": "fine" }));
  stream.on("data", (chunk) => stream.write(chunk));
  stream.on("end", () => stream.end());
};

const hello: OnStream = (stream) => {
  stream.respond({ ":status": 200 });
  stream.end("hello over h2");
};

/** An upstream that speaks HTTP/2, and HTTP/1.1 with those who ask for nothing else. */
export async function startHttp2Upstream(
  onStream: OnStream = hello,
  settings: http2.Settings = {},
  authority = upstreamAuthority,
): Promise<Http2Upstream> {
  const seen: SeenStream[] = [];
  const sessions: ServerHttp2Session[] = [];
  const sockets = new Set<Socket>();
  const leaves = new LeafCertificates(authority);
  const web = http.createServer((_request, response) => response.end("hello over h1"));
  const server = tls.createServer({
    ALPNProtocols: ["h2", "http/1.1"],
    SNICallback: (name, done) => done(null, leaves.contextFor(name)),
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  server.on("tlsClientError", () => undefined);
  server.on("secureConnection", (socket) => {
    socket.on("error", () => undefined);
    if (socket.alpnProtocol !== "h2") return void web.emit("connection", socket);
    const session = http2.performServerHandshake(socket, { settings, maxHeaderListPairs: 2_000 });
    sessions.push(session);
    session.on("error", () => undefined);
    session.on("stream", (stream, headers) => {
      seen.push(record(stream, headers));
      onStream(stream, headers);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    sessions,
    connections: () => [...sockets].filter(({ destroyed }) => !destroyed).length,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The host of `startHttp2World`, and what is injected there when the route says so. */
export const HTTP2_HOST = "grpc.example.com";
export const HTTP2_SECRET = "s3cr3t-v4lue-0001";

/** A proxy with one route, and an upstream of HTTP/2 behind it. */
export async function startHttp2World(
  onStream?: OnStream,
  route: object = {},
  settings: http2.Settings = {},
): Promise<{ world: World; upstream: Http2Upstream }> {
  const upstream = await startHttp2Upstream(onStream, settings);
  const world = await startWorld({
    egress: { routes: [{ host: HTTP2_HOST, methods: ["*"], ...route }] },
    overrides: { [`${HTTP2_HOST}:443`]: upstream.port },
    secrets: [aSecret(HTTP2_SECRET, HTTP2_HOST)],
  });
  return { world, upstream };
}

/** Keeps the beginning of what comes. */
function record(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): SeenStream {
  const seen: SeenStream = { headers, body: "", trailers: {}, code: undefined };
  stream.on("error", () => undefined);
  stream.on("trailers", (got) => (seen.trailers = { ...got }));
  stream.on("data", (chunk: Buffer) => {
    if (seen.body.length < 1_000_000) seen.body += chunk.toString("latin1");
  });
  stream.on("close", () => (seen.code = stream.rstCode));
  return seen;
}
