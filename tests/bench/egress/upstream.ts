import http2, { type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { createServer, type SecureContext, type Server, type TLSSocket } from "node:tls";
import { createCertificateAuthority } from "../../../sidecars/egress/certificates/authority.ts";
import { LeafCertificates } from "../../../sidecars/egress/certificates/leaves.ts";
import { answerStreams } from "./streams.ts";

/**
 * Upstreams that cost as little as can be, so that the proxies are what is measured: `h1` and `h2` answer every request
 * with the same small body, each in its protocol alone; `streams` has paths that stream, in both. Prints one line of
 * JSON: their ports and their CA.
 */
export interface Upstreams {
  readonly ca: string;
  readonly ports: Readonly<Record<"h1" | "h2" | "streams", number>>;
}

const BODY = JSON.stringify({ ok: true, padding: "x".repeat(200) });
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
);
const authority = createCertificateAuthority({ commonName: "bench upstream", now: new Date(), days: 1 });
const leaves = new LeafCertificates(authority);
const tlsOptions = {
  SNICallback: (name: string, done: (error: null, context: SecureContext) => void) =>
    done(null, leaves.contextFor(name)),
  noDelay: true,
};

/** Reads no more of HTTP/1.1 than where a request ends. */
function answerH1(socket: Socket): void {
  let pending = 0;
  let head = "";
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    if (pending > 0) {
      pending -= chunk.length;
    } else {
      head += chunk.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end))?.[1] ?? 0);
      pending = length - (head.length - end - 4);
      head = "";
    }
    if (pending === 0) socket.write(ANSWER);
  });
}

/** Windows as wide as those of real servers: the proxies are measured, and not how often this one gives leave. */
const WINDOW = 16 * 1024 * 1024;
const h2 = http2.createServer({ settings: { initialWindowSize: WINDOW }, maxSessionMemory: 1_000 });
h2.on("session", (session) => session.setLocalWindowSize(WINDOW));
h2.on("sessionError", () => undefined);
h2.on("stream", (stream: ServerHttp2Stream) => {
  stream.on("error", () => undefined);
  stream.resume().once("end", () => {
    stream.respond({ ":status": 200, "content-type": "application/json", "content-length": BODY.length });
    stream.end(BODY);
  });
});

const servers: Record<keyof Upstreams["ports"], Server> = {
  h1: createServer({ ...tlsOptions, ALPNProtocols: ["http/1.1"] }, answerH1),
  h2: createServer({ ...tlsOptions, ALPNProtocols: ["h2"] }, (socket: TLSSocket) =>
    h2.emit("connection", socket),
  ),
  streams: http2.createSecureServer({ ...tlsOptions, allowHTTP1: true }, answerStreams),
};

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const ports = {
  h1: await listen(servers.h1),
  h2: await listen(servers.h2),
  streams: await listen(servers.streams),
};
process.stdout.write(`${JSON.stringify({ ca: authority.certificatePem, ports } satisfies Upstreams)}\n`);
