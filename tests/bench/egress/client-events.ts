import { openTls, type Target } from "./tunnel.ts";

/**
 * Reads a stream of events and says how old each was when it came. Argument: JSON of EventStream. Prints one line of
 * JSON: the milliseconds, in order.
 */
export interface EventStream extends Target {
  readonly count: number;
  readonly everyMs: number;
}

const wanted = JSON.parse(process.argv[2] ?? "{}") as EventStream;
const socket = await openTls(wanted);
const path = `/events?count=${wanted.count}&everyMs=${wanted.everyMs}`;
const ages: number[] = [];
let received = "";
socket.on("data", (chunk: Buffer) => {
  const now = process.hrtime.bigint();
  received += chunk.toString("latin1");
  for (const [, sent = "0"] of received.matchAll(/"sentNs":"(\d+)"[^\n]*\n/g)) {
    ages.push(Number(now - BigInt(sent)) / 1e6);
  }
  received = received.slice(received.lastIndexOf("\n") + 1);
});
socket.write(`GET ${path} HTTP/1.1\r\nHost: ${wanted.host}:${wanted.port}\r\nConnection: close\r\n\r\n`);
await new Promise((resolve) => socket.once("close", resolve));
if (ages.length !== wanted.count) throw new Error(`${ages.length} of ${wanted.count} events came`);
process.stdout.write(`${JSON.stringify(ages)}\n`);
