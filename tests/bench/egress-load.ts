import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

/**
 * Sends requests one after another on each of some kept-alive connections, and
 * prints one line of JSON: requests a second, and the latency in milliseconds.
 * Argument: JSON of Load. Runs in a process of its own.
 */
export interface Load {
  readonly host: string;
  /** the upstream's own port when there is no proxy */
  readonly port: number;
  readonly proxyPort: number | undefined;
  readonly ca: string;
  readonly connections: number;
  readonly bodyBytes: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface LoadResult {
  readonly rps: number;
  readonly p50: number;
  readonly p99: number;
}

async function open(load: Load): Promise<TLSSocket> {
  const socket = connectTcp({ host: "127.0.0.1", port: load.proxyPort ?? load.port, noDelay: true });
  await once(socket, "connect");
  if (load.proxyPort !== undefined) {
    socket.write(`CONNECT ${load.host}:443 HTTP/1.1\r\nHost: ${load.host}:443\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    if (!answer.toString("latin1").startsWith("HTTP/1.1 200"))
      throw new Error(`CONNECT: ${answer.toString()}`);
  }
  const tls = connectTls({ socket, servername: load.host, ca: load.ca });
  await once(tls, "secureConnect");
  return tls;
}

/** JSON of words: nothing that looks like a secret, nothing that compresses the work of a scanner away. */
function bodyOf(bytes: number): string {
  const words: string[] = [];
  const some = ["function", "return", "the", "value", "of", "const", "index", "array", "which", "request"];
  for (let index = 0, length = 0; length < bytes; index += 1) {
    const word = `${some[(index * 7 + (index >> 3)) % some.length]}${index % 13 === 0 ? `_${index}` : ""}`;
    words.push(word);
    length += word.length + 1;
  }
  return JSON.stringify({
    messages: [{ role: "user", content: words.join(" ").slice(0, Math.max(0, bytes - 50)) }],
  });
}

function requestOf(load: Load): Buffer {
  const common = `Host: ${load.host}\r\nUser-Agent: bench/1\r\nAccept: */*\r\nX-Request-Group: checkout\r\n`;
  if (load.bodyBytes === 0) return Buffer.from(`GET /v1/items?page=2 HTTP/1.1\r\n${common}\r\n`);
  const body = bodyOf(load.bodyBytes);
  return Buffer.from(
    `POST /v1/items HTTP/1.1\r\n${common}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

async function run(load: Load): Promise<LoadResult> {
  const request = requestOf(load);
  const sockets = await Promise.all(Array.from({ length: load.connections }, () => open(load)));
  const start = performance.now() + load.warmUpMs;
  const end = start + load.measureMs;
  const latencies: number[] = [];
  await Promise.all(sockets.map((socket) => drive(socket, { request, start, end, latencies })));
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return { rps: Math.round((latencies.length / load.measureMs) * 1000), p50: at(0.5), p99: at(0.99) };
}

interface Drive {
  readonly request: Buffer;
  readonly start: number;
  readonly end: number;
  readonly latencies: number[];
}

function drive(socket: TLSSocket, { request, start, end, latencies }: Drive): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let received = "";
    const send = (): void => {
      sent = performance.now();
      socket.write(request);
    };
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      const head = received.indexOf("\r\n\r\n");
      if (head === -1) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received)?.[1]);
      if (received.length < head + 4 + length) return;
      if (!received.startsWith("HTTP/1.1 200")) return reject(new Error(received.slice(0, 300)));
      received = "";
      const now = performance.now();
      if (now >= start && now < end) latencies.push(now - sent);
      if (now < end) return send();
      socket.destroy();
      resolve();
    });
    send();
  });
}

if (process.argv[2] !== undefined) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(process.argv[2]) as Load))}\n`);
}
