import { Readable } from "node:stream";
import { DELIMITER, pktLinesOf } from "./pkt-line.ts";

const MAX_ARGUMENTS_BYTES = 1024 * 1024;

/** What a call to upload-pack asks for, as far as it must be known before git sees it. */
export interface Question {
  /** of protocol version 2 (gitprotocol-v2); undefined in the older ones, which ask for objects after an announcement */
  readonly command: "ls-refs" | "fetch" | undefined;
  /** what stands before the first `want` or `have` */
  readonly arguments: readonly string[];
  /** the whole body again */
  readonly body: Readable;
}

/** Reads the beginning of a call to upload-pack. What cannot be read is left for git to refuse. */
export async function readQuestion(body: Readable): Promise<Question> {
  const rest = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let read = Buffer.alloc(0);
  let lines = linesOf(read);
  while (!lines.isEnough && read.length <= MAX_ARGUMENTS_BYTES) {
    const { done, value } = await rest.next();
    if (done === true) break;
    read = Buffer.concat([read, value]);
    lines = linesOf(read);
  }
  const [, command] = /^command=(ls-refs|fetch)$/.exec(lines.first) ?? [];
  const whole = Readable.from(again(read, rest), { objectMode: false });
  return { command: command as Question["command"], arguments: lines.arguments, body: whole };
}

interface Lines {
  readonly first: string;
  readonly arguments: readonly string[];
  /** whether nothing that follows matters */
  readonly isEnough: boolean;
}

const NOTHING: Lines = { first: "", arguments: [], isEnough: true };
const OBJECTS = /^(?:want|have|want-ref|done)\b/;

function linesOf(bytes: Buffer): Lines {
  try {
    const lines = [...pktLinesOf(bytes)].map(({ payload }) => payload);
    const [first = ""] = lines.slice(0, 1).map((payload) => payload?.toString("utf8").trimEnd());
    if (lines.length > 0 && !first.startsWith("command=")) return NOTHING;
    const begin = lines.indexOf(DELIMITER) + 1;
    const rest = begin === 0 ? [] : lines.slice(begin).map((payload) => payload?.toString("utf8").trimEnd());
    const end = rest.findIndex((line) => line === undefined || OBJECTS.test(line));
    const found = (end === -1 ? rest : rest.slice(0, end)).filter((line) => line !== undefined);
    return { first, arguments: found, isEnough: end !== -1 || lines.includes(undefined) };
  } catch {
    return NOTHING;
  }
}

/** What was read of a stream already, and what comes. */
export async function* again(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
