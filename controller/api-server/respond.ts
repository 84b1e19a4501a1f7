import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Clock } from "../engine/index.ts";
import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { representationOf } from "./negotiation.ts";
import { encoded, formed } from "./render.ts";

/** Writes an answer out. Throws StatusError when the client takes no form of it; nothing is written then. */
export async function respond(
  response: ServerResponse,
  answer: Answer,
  exchange: Pick<Exchange, "headers" | "query" | "signal">,
  clock: Clock,
): Promise<void> {
  switch (answer.kind) {
    case "object": {
      const { form, encoding } = representationOf(exchange.headers.accept);
      const body = formed(answer.body, answer.resource, form, { query: exchange.query, now: clock.now() });
      for (const warning of answer.warnings ?? []) {
        response.appendHeader("Warning", `299 - "${quoted(warning)}"`);
      }
      return send(response, answer.code, `application/${encoding}`, encoded(body, encoding));
    }
    case "document":
      return send(
        response,
        answer.code,
        answer.mediaType ?? "application/json",
        encoded(answer.body, "json"),
      );
    case "text":
      return send(response, answer.code, answer.mediaType ?? "text/plain; charset=utf-8", answer.body);
    case "stream":
      return stream(response, answer, { signal: exchange.signal, clock });
    default:
      answer satisfies never;
  }
}

function send(response: ServerResponse, code: number, mediaType: string, body: string): void {
  response.writeHead(code, {
    "Content-Type": mediaType,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-cache, private",
  });
  response.end(body);
}

interface Reading {
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Sends no faster than the client reads: what is not taken stays where it comes from, which has its own bound. */
async function stream(
  response: ServerResponse,
  answer: Extract<Answer, { kind: "stream" }>,
  reading: Reading,
): Promise<void> {
  response.writeHead(200, { "Content-Type": answer.mediaType, "Cache-Control": "no-cache, private" });
  // kubectl waits for the head before it shows anything.
  response.flushHeaders();
  for await (const chunk of answer.chunks) {
    if (reading.signal.aborted) break;
    if (!response.write(chunk)) await drained(response, reading, answer.stuckMs);
  }
  response.end();
}

async function drained(
  response: ServerResponse,
  { signal, clock }: Reading,
  stuckMs: number | undefined,
): Promise<void> {
  // Destroying it aborts the signal, as any other end of the connection.
  const cancel = stuckMs === undefined ? undefined : clock.after(stuckMs, () => response.destroy());
  try {
    await once(response, "drain", { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    cancel?.();
  }
}

const quoted = (text: string): string => text.replace(/[^\x20-\x7e]/g, " ").replace(/["\\]/g, "\\$&");
