import { createInterface } from "node:readline";
import { ImageBuildError } from "../images/image-engine.ts";
import type { OnLine } from "../images/image-engine.ts";

/** lines of a failed build that are kept for people */
const KEPT_LINES = 20;

/** One line of what the engine says while it builds, imports or pulls; only the fields that are used. */
interface StreamLine {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly aux?: { readonly ID?: string };
}

/**
 * Follows a build, an import or a pull to its end and returns the id that it named, if any.
 *
 * Throws ImageBuildError with the last lines when the engine reports an error.
 */
export async function followImageStream(
  stream: NodeJS.ReadableStream,
  onLine: OnLine,
): Promise<string | undefined> {
  let id: string | undefined;
  const kept: string[] = [];
  const say = (line: string): void => {
    kept.push(line);
    if (kept.length > KEPT_LINES) kept.shift();
    onLine(line);
  };
  for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
    if (text === "") continue;
    const line = JSON.parse(text) as StreamLine;
    id = line.aux?.ID ?? idIn(line.status) ?? id;
    for (const part of wordsOf(line)) say(part);
    if (line.error !== undefined) {
      say(line.error);
      throw new ImageBuildError(kept.join("\n"));
    }
  }
  return id;
}

/** The end of a plain output, once it is over; each line is told on the way. */
export async function followLines(output: NodeJS.ReadableStream, onLine: OnLine): Promise<string> {
  const kept: string[] = [];
  for await (const line of createInterface({ input: output, crlfDelay: Infinity })) {
    kept.push(line);
    if (kept.length > KEPT_LINES) kept.shift();
    onLine(line);
  }
  return kept.join("\n");
}

/** An import says its result as a status. */
const idIn = (status: string | undefined): string | undefined =>
  status !== undefined && /^sha256:[0-9a-f]{64}$/.test(status) ? status : undefined;

function wordsOf({ stream, status, id }: StreamLine): readonly string[] {
  const text = stream ?? (status === undefined ? "" : id === undefined ? status : `${id}: ${status}`);
  return text.split("\n").filter((part) => part.trim() !== "");
}
