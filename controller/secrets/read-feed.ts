import { open } from "node:fs/promises";
import { execa } from "execa";
import type { Feed } from "./feed.ts";

const TIMEOUT_MS = 30_000;
/** the most that Kubernetes takes in a Secret */
const MAX_BYTES = 1024 * 1024;

/** A file or a command gave no value; the message never holds what it gave. */
export class FeedError extends Error {
  override readonly name = "FeedError";
}

/**
 * The value that a feed gives now. One line loses its line end; more lines, a
 * private key for one, stay as they are. Throws FeedError.
 */
export async function readFeed(feed: Pick<Feed, "file" | "command">, signal: AbortSignal): Promise<Buffer> {
  const bytes = feed.file === undefined ? await run(feed.command ?? [], signal) : await readWhole(feed.file);
  const value = withoutLineEnd(bytes);
  if (value.length === 0) throw new FeedError(`${describeFeed(feed)} gave nothing`);
  return value;
}

function describeFeed({ file }: Pick<Feed, "file">): string {
  return file === undefined ? "the command" : `the file ${file}`;
}

async function readWhole(path: string): Promise<Buffer> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw new FeedError(`the file ${path} is larger than 1 MiB`);
    return await file.readFile();
  } catch (error) {
    if (error instanceof FeedError) throw error;
    throw new FeedError(`the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function run(command: string | readonly string[], signal: AbortSignal): Promise<Buffer> {
  // a line was written as a line for a shell, pipes and quotes included; a list is taken as it is
  const [file = "", ...argv] = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const child = execa(file, argv, {
    ...{ encoding: "buffer", stdin: "ignore", stderr: "ignore", maxBuffer: MAX_BYTES },
    ...{ reject: false, stripFinalNewline: false, detached: true },
  } as const);
  const endAll = (): void => endGroup(child.pid);
  limit.addEventListener("abort", endAll, { once: true });
  if (limit.aborted) endAll();
  try {
    const result = await child;
    if (limit.aborted) throw new FeedError("the command did not end in time");
    if (result.isMaxBuffer) throw new FeedError("the command wrote more than 1 MiB");
    if (result.exitCode === undefined)
      throw new FeedError(`the command could not be run (${result.code ?? result.signal})`);
    if (result.failed)
      throw new FeedError(`the command exited with code ${result.exitCode}; run it by hand to see why`);
    return Buffer.from(result.stdout);
  } finally {
    limit.removeEventListener("abort", endAll);
  }
}

/** Ends a command with all that it started: it leads a process group of its own. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function withoutLineEnd(bytes: Buffer): Buffer {
  const first = bytes.indexOf("\n");
  if (first === -1 || first !== bytes.length - 1) return bytes;
  return bytes.subarray(0, bytes[first - 1] === 13 ? first - 1 : first);
}
