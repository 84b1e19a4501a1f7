import http2 from "node:http2";
import type { TLSSocket } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { openTls, type Target } from "./tunnel.ts";

/**
 * Moves many bytes one way. Whoever receives them rests for a while when the first have come: what a proxy does not
 * hold back itself it has to hold in memory. Argument: JSON of Transfer. Prints a TransferResult.
 */
export interface Transfer extends Target {
  readonly protocol: "h1" | "h2";
  readonly direction: "down" | "up";
  readonly bytes: number;
  readonly restMs: number;
}

export interface TransferResult {
  readonly isOffered: boolean;
  /** bytes that arrived */
  readonly arrived: number;
  readonly seconds: number;
}

const CHUNK = Buffer.alloc(64 * 1024, "0123456789abcdef");
const transfer = JSON.parse(process.argv[2] ?? "{}") as Transfer;
const { protocol, direction, bytes, restMs } = transfer;
const path = direction === "down" ? `/down?bytes=${bytes}` : `/up?restMs=${restMs}`;
const started = performance.now();
const arrived = await (protocol === "h1" ? overH1() : overH2());
const seconds = (performance.now() - started) / 1_000;
const result: TransferResult = { isOffered: arrived !== undefined, arrived: arrived ?? 0, seconds };
process.stdout.write(`${JSON.stringify(result)}\n`);

function* chunks(): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK.length)
    yield CHUNK.subarray(0, Math.min(left, CHUNK.length));
}

interface Sink {
  write(chunk: Buffer): boolean;
  once(event: "drain", listener: () => void): unknown;
}

async function sendAll(sink: Sink): Promise<void> {
  for (const chunk of chunks()) {
    if (!sink.write(chunk)) await new Promise<void>((resolve) => sink.once("drain", resolve));
  }
}

/** How many bytes come, with a rest at the first; `text` is their beginning. */
async function receive(source: AsyncIterable<Buffer>): Promise<{ count: number; text: string }> {
  const whole = { count: 0, text: "" };
  for await (const chunk of source) {
    if (whole.count === 0) await sleep(restMs);
    whole.count += chunk.length;
    if (whole.text.length < 4_096) whole.text += chunk.toString("latin1");
  }
  return whole;
}

function countIn(text: string): number {
  return Number(/"received":(\d+)/.exec(text)?.[1]);
}

async function overH1(): Promise<number> {
  const socket: TLSSocket = await openTls(transfer);
  const head = `Host: ${transfer.host}:${transfer.port}\r\nConnection: close\r\n`;
  if (direction === "down") {
    socket.write(`GET ${path} HTTP/1.1\r\n${head}\r\n`);
    const { count, text } = await receive(socket);
    return count - text.indexOf("\r\n\r\n") - 4;
  }
  socket.write(`POST ${path} HTTP/1.1\r\n${head}Content-Length: ${bytes}\r\n\r\n`);
  const answer = receive(socket);
  await sendAll(socket);
  return countIn((await answer).text);
}

/** Undefined when the other side does not speak it. */
async function overH2(): Promise<number | undefined> {
  const socket = await openTls(transfer, "h2").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL") return undefined;
    throw error;
  });
  if (socket?.alpnProtocol !== "h2") return void socket?.destroy();
  const session = http2.connect(`https://${transfer.host}:${transfer.port}`, {
    createConnection: () => socket,
  });
  const method = direction === "down" ? "GET" : "POST";
  const stream = session.request({ ":method": method, ":path": path }, { endStream: direction === "down" });
  const answer = receive(stream);
  if (direction === "up") {
    await sendAll(stream);
    stream.end();
  }
  const { count, text } = await answer;
  session.close();
  return direction === "down" ? count : countIn(text);
}
