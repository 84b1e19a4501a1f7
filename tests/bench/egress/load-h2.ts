import http2, { type ClientHttp2Session, type OutgoingHttpHeaders } from "node:http2";
import { type Ask, bodyOf, type Load, type LoadResult, measure } from "./load.ts";
import { openTls } from "./tunnel.ts";

/** Loads a target over HTTP/2, a stream of one connection for each lane. Argument: JSON of Load. Prints a LoadResult. */
const load = JSON.parse(process.argv[2] ?? "{}") as Load;
const NOT_OFFERED: LoadResult = { isOffered: false, rps: 0, p50: null, p99: null, asked: 0 };
process.stdout.write(`${JSON.stringify(await run())}\n`);

async function run(): Promise<LoadResult> {
  const socket = await openTls(load, "h2").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL") return undefined;
    throw error;
  });
  if (socket?.alpnProtocol !== "h2") {
    socket?.destroy();
    return NOT_OFFERED;
  }
  const session = http2.connect(`https://${load.host}:${load.port}`, {
    createConnection: () => socket,
    maxSessionMemory: 1_000, // megabytes: node's ten are less than the bodies under way
  });
  const failed = new Promise<never>((_resolve, reject) => session.once("error", reject));
  const ask = asker(session, Buffer.from(load.bodyBytes === 0 ? "" : bodyOf(load.bodyBytes)));
  const lanes = Array.from({ length: load.concurrency }, () => ask);
  const result = await Promise.race([measure(lanes, load), failed]);
  session.destroy();
  return result;
}

function asker(session: ClientHttp2Session, body: Buffer): Ask {
  const headers: OutgoingHttpHeaders = {
    ":method": body.length === 0 ? "GET" : "POST",
    ":path": "/v1/items?page=2",
    "user-agent": "bench/1",
    accept: "*/*",
    "x-request-group": "checkout",
    ...(body.length === 0 ? {} : { "content-type": "application/json", "content-length": `${body.length}` }),
  };
  return () =>
    new Promise((resolve, reject) => {
      const stream = session.request(headers, { endStream: body.length === 0 });
      let status = 0;
      stream.on("response", (answer) => (status = answer[":status"] ?? 0));
      stream.on("error", reject);
      stream.on("end", () => (status === 200 ? resolve() : reject(new Error(`HTTP/2 answer ${status}`))));
      stream.resume();
      if (body.length > 0) stream.end(body);
    });
}
