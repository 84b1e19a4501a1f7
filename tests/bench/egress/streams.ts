import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";

const CHUNK = Buffer.alloc(64 * 1024, "0123456789abcdef");

/**
 * Answers `/events?count=&everyMs=` with events that hold when they were sent, `/down?bytes=` with that many bytes,
 * and anything else with how many bytes came; `restMs` says how long it rests when the first of them have come.
 */
export function answerStreams(request: Http2ServerRequest, response: Http2ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url, "https://here");
  const number = (name: string): number => Number(searchParams.get(name));
  request.on("error", () => undefined);
  response.on("error", () => undefined);
  if (pathname === "/events") return void sendEvents(response, number("count"), number("everyMs"));
  if (pathname === "/down") return sendBytes(response, number("bytes"));
  void countBytes(request, response, number("restMs"));
}

async function countBytes(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  restMs: number,
): Promise<void> {
  let received = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (received === 0) await sleep(restMs);
    received += chunk.length;
  }
  response.end(JSON.stringify({ received }));
}

/** The clock is the machine's monotonic one, which all its processes share. */
async function sendEvents(response: Http2ServerResponse, count: number, everyMs: number): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  for (let sent = 0; sent < count; sent += 1) {
    response.write(`data: {"sentNs":"${process.hrtime.bigint()}","text":"a few words of an answer"}\n\n`);
    await sleep(everyMs);
  }
  response.end();
}

function sendBytes(response: Http2ServerResponse, bytes: number): void {
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": bytes });
  let left = bytes;
  const send = (): void => {
    while (left > 0) {
      const chunk = CHUNK.subarray(0, Math.min(left, CHUNK.length));
      left -= chunk.length;
      if (!response.write(chunk)) return void response.once("drain", send);
    }
    response.end();
  };
  send();
}
