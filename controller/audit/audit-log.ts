import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { AuditRecord } from "../../sidecars/wire/audit.ts";
import { auditGenerations } from "./audit-files.ts";

/** A file that has grown to this is put aside; with two older ones that is what a bottle may fill. */
const MAX_FILE_BYTES = 5 * 1024 * 1024;

/** Where a run of the sidecars has been read to. */
export interface AuditPosition {
  readonly run: string;
  readonly sequence: number;
  readonly time: string;
}

/**
 * The audit of one bottle on disk: NDJSON, each record once, bounded. A record that was written before is passed over
 * by its run and sequence, so the sidecars' log may be read again from any earlier moment.
 */
export class AuditLog {
  readonly #file: string;
  readonly #maxFileBytes: number;
  #position: AuditPosition | undefined;
  #bytes: number;

  /** opens what is there */
  constructor(file: string, maxFileBytes = MAX_FILE_BYTES) {
    this.#file = file;
    this.#maxFileBytes = maxFileBytes;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    endLastLine(file);
    this.#bytes = existsSync(file) ? statSync(file).size : 0;
    this.#position = lastPosition(file);
  }

  /** of the newest record; undefined when there is none */
  get position(): AuditPosition | undefined {
    return this.#position;
  }

  /** writes a record; false when it is in the file already */
  append(record: AuditRecord): boolean {
    const { run, sequence, time } = record;
    if (this.#position?.run === run && sequence <= this.#position.sequence) return false;
    const line = `${JSON.stringify(record)}\n`;
    if (this.#bytes + line.length > this.#maxFileBytes) this.#rotate();
    appendFileSync(this.#file, line, { mode: 0o600 });
    this.#bytes += Buffer.byteLength(line);
    this.#position = { run, sequence, time };
    return true;
  }

  #rotate(): void {
    const [oldest, older, newest] = auditGenerations(this.#file);
    if (oldest === undefined || older === undefined || newest === undefined) return;
    if (existsSync(older)) renameSync(older, oldest);
    if (existsSync(newest)) renameSync(newest, older);
    this.#bytes = 0;
  }
}

/** A line of the sidecars' log that is an audit record; undefined for any other line. */
export function parseAuditLine(text: string): AuditRecord | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return AuditRecord.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // sidecars may write other words; they are in their log
  }
}

/** A crash may have cut a line off; the next one must not be glued to it. */
function endLastLine(file: string): void {
  if (existsSync(file) && !readFileSync(file, "utf8").endsWith("\n")) appendFileSync(file, "\n");
}

/** A line that a crash cut off is passed over. */
function lastPosition(file: string): AuditPosition | undefined {
  for (const path of auditGenerations(file).toReversed()) {
    if (!existsSync(path)) continue;
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const last = lines
      .toReversed()
      .map(parseAuditLine)
      .find((record) => record !== undefined);
    if (last !== undefined) return { run: last.run, sequence: last.sequence, time: last.time };
  }
  return undefined;
}
