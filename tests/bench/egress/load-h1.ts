import type { TLSSocket } from "node:tls";
import { type Ask, bodyOf, type Load, measure } from "./load.ts";
import { openTls } from "./tunnel.ts";

/** Loads a target over HTTP/1.1, a kept-alive connection for each lane. Argument: JSON of Load. Prints a LoadResult. */
const load = JSON.parse(process.argv[2] ?? "{}") as Load;
const request = requestOf(load);
const sockets = await Promise.all(Array.from({ length: load.concurrency }, () => openTls(load)));
const result = await measure(
  sockets.map((socket) => asker(socket)),
  load,
);
for (const socket of sockets) socket.destroy();
process.stdout.write(`${JSON.stringify(result)}\n`);

function requestOf({ host, bodyBytes }: Load): Buffer {
  const common = `Host: ${host}:${load.port}\r\nUser-Agent: bench/1\r\nAccept: */*\r\nX-Request-Group: checkout\r\n`;
  if (bodyBytes === 0) return Buffer.from(`GET /v1/items?page=2 HTTP/1.1\r\n${common}\r\n`);
  const body = bodyOf(bodyBytes);
  const content = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`POST /v1/items HTTP/1.1\r\n${common}${content}\r\n${body}`);
}

/** Reads no more of an answer than its status and its end: the client must not be what is measured. */
function asker(socket: TLSSocket): Ask {
  let received = "";
  let settle: (error?: Error) => void = () => undefined;
  socket.on("error", (error) => settle(error));
  socket.on("close", () => settle(new Error(`the connection was closed after ${received.slice(0, 300)}`)));
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
    const head = received.indexOf("\r\n\r\n");
    if (head === -1) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received)?.[1]);
    if (received.length < head + 4 + length) return;
    const isRight = received.startsWith("HTTP/1.1 200");
    const error = isRight ? undefined : new Error(received.slice(0, 300));
    received = "";
    settle(error);
  });
  return () =>
    new Promise((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
      socket.write(request);
    });
}
