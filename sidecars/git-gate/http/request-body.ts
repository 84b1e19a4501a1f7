import type { IncomingMessage } from "node:http";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { pktLinesOf } from "./pkt-line.ts";
import { again } from "./question.ts";
import type { GitService } from "./request-line.ts";

const MAX_COMMANDS_BYTES = 1024 * 1024;

/** The plain body of a call, or why it is not taken. */
export function bodyOf(service: GitService, request: IncomingMessage): Readable | string {
  const type = `application/x-${service}-request`;
  if (request.headers["content-type"] !== type) return `the body must be ${type}`;
  return plainBodyOf(request) ?? "the body must be plain or gzip";
}

/** The body of a request with its coding undone; undefined when that is unknown. */
function plainBodyOf(request: IncomingMessage): Readable | undefined {
  const coding = request.headers["content-encoding"] ?? "identity";
  if (coding === "identity") return request;
  if (coding !== "gzip" && coding !== "x-gzip") return undefined;
  // an error ends the plain stream, and its reader sees that
  return pipeline(request, createGunzip(), () => undefined);
}

export interface Commands {
  /** the whole body again */
  readonly body: Readable;
  readonly atomic: boolean;
}

/**
 * Reads of a push whether it is atomic, which git tells no hook before the last. Undefined when the commands are too
 * many or no pkt-lines: then nobody knows.
 */
export async function readCommands(body: Readable): Promise<Commands | undefined> {
  let read = Buffer.alloc(0);
  let atomic: boolean | undefined;
  const rest = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  while (atomic === undefined) {
    const { done, value } = await rest.next();
    if (done === true) break;
    read = Buffer.concat([read, value]);
    if (read.length > MAX_COMMANDS_BYTES + value.length) return undefined;
    atomic = isAtomic(read);
  }
  const whole = Readable.from(again(read, rest), { objectMode: false });
  return { body: whole, atomic: atomic ?? false };
}

/**
 * Undefined as long as the first command has not come; throws on what is no pkt-line, and on a certificate: git keeps
 * that in the repository itself, whatever becomes of the push.
 */
function isAtomic(bytes: Buffer): boolean | undefined {
  for (const { payload } of pktLinesOf(bytes)) {
    if (payload === undefined) return false;
    if (startsWith(payload, "push-cert")) throw new Error("a signed push");
    // what comes after its end is nothing to git
    if (startsWith(payload, "shallow ")) continue;
    const end = payload.indexOf(0);
    if (end !== -1)
      return payload
        .toString("latin1", end + 1)
        .trimEnd()
        .split(" ")
        .includes("atomic");
  }
  return undefined;
}

const startsWith = (payload: Buffer, word: string): boolean =>
  payload.toString("latin1", 0, word.length) === word;
