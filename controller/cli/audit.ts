import { createReadStream, existsSync, statSync } from "node:fs";
import { auditFile, auditGenerations } from "../audit/index.ts";
import { readLines } from "./api/lines.ts";
import { pause } from "./clock.ts";

export interface AuditRequest {
  readonly namespace: string;
  readonly name: string;
  readonly follow: boolean;
  /** last lines; all when absent */
  readonly tail: number | undefined;
  /** only what is younger; all when absent */
  readonly since?: Date | undefined;
  /** which lines are wanted; all when absent */
  readonly wants?: ((line: string) => boolean) | undefined;
  readonly signal: AbortSignal;
}

const LOOK_AGAIN_MS = 250;

type AuditOwner = Pick<AuditRequest, "namespace" | "name">;

const auditFilesOf = (stateDir: string, owner: AuditOwner): string[] =>
  auditGenerations(auditFile(stateDir, owner)).filter((path) => existsSync(path));

/** Whether anything of a bottle was audited yet. */
export const hasAudit = (stateDir: string, owner: AuditOwner): boolean =>
  auditFilesOf(stateDir, owner).length > 0;

/** Lines of a bottle's audit, oldest first. */
export async function* readAudit(stateDir: string, wanted: AuditRequest): AsyncGenerator<string> {
  const file = auditFile(stateDir, wanted);
  const files = auditFilesOf(stateDir, wanted);
  const end = existsSync(file) ? statSync(file).size : 0;
  const wants = wanted.wants ?? (() => true);
  const lines = only(youngerThan(linesOf(files, end), wanted.since), wants);
  yield* wanted.tail === undefined ? lines : lastOf(lines, wanted.tail);
  if (wanted.follow) yield* only(followFrom(file, end, wanted.signal), wants);
}

async function* only(lines: AsyncIterable<string>, wants: (line: string) => boolean): AsyncGenerator<string> {
  for await (const line of lines) if (wants(line)) yield line;
}

async function* linesOf(files: readonly string[], end: number): AsyncGenerator<string> {
  for (const [index, path] of files.entries()) {
    const isNewest = index === files.length - 1;
    if (isNewest && end === 0) continue;
    yield* readLines(createReadStream(path, isNewest ? { end: end - 1 } : {}));
  }
}

async function* youngerThan(lines: AsyncIterable<string>, since: Date | undefined): AsyncGenerator<string> {
  const from = since?.toISOString() ?? "";
  for await (const line of lines) if (timeOf(line) >= from) yield line;
}

/** Moments in one form and one zone compare as text. */
const timeOf = (line: string): string => /"time":"(?<time>[^"]*)"/.exec(line)?.groups?.["time"] ?? "";

async function* lastOf(lines: AsyncIterable<string>, count: number): AsyncGenerator<string> {
  const last: string[] = [];
  for await (const line of lines) {
    last.push(line);
    if (last.length > count) last.shift();
  }
  yield* last;
}

/** A file that became smaller was rotated: the new one is read from its start. */
async function* followFrom(file: string, from: number, signal: AbortSignal): AsyncGenerator<string> {
  let at = from;
  let rest = "";
  while (!signal.aborted) {
    const size = existsSync(file) ? statSync(file).size : 0;
    if (size < at) at = 0;
    if (size > at) {
      for await (const chunk of createReadStream(file, { start: at, end: size - 1, encoding: "utf8" })) {
        const parts = (rest + String(chunk)).split("\n");
        rest = parts.pop() ?? "";
        yield* parts;
      }
      at = size;
    }
    await pause(LOOK_AGAIN_MS, signal);
  }
}
