import { randomUUID } from "node:crypto";
import type { Writable } from "node:stream";
import type { AuditRecord } from "../wire/audit.ts";
import { Budget, type BudgetLimits } from "../shared/budget.ts";
import type { Clock } from "../shared/clock.ts";

/** lines that may wait for whoever takes them up, in bytes */
const MAX_WAITING_BYTES = 1024 * 1024;

/** A record without what the log itself adds. */
export type AuditEntry = Omit<AuditRecord, "time" | "sequence" | "run" | "gate">;

/** Where the audit goes, a line a record. */
export interface AuditLog {
  /** whether another record can be taken; when not, nothing is let through */
  hasRoom(): boolean;
  /** A denial that finds no room is counted instead, and the count recorded once there is room. */
  write(entry: AuditEntry & { readonly gate?: AuditRecord["gate"] }): void;
}

/** One that can be told that its records are not kept. */
export interface KeptAuditLog extends AuditLog {
  /** whether records are kept where they go; while not, there is no room */
  setKept(isKept: boolean): void;
}

/** An audit of NDJSON lines on a stream, numbered without gaps; those of one turn of the event loop leave at its end. */
export function createAuditLog(options: {
  readonly sink: Writable;
  readonly clock: Clock;
  /** how many records one bottle may write, so that it cannot fill the disk or push out the log of what it did */
  readonly budget?: BudgetLimits;
}): KeptAuditLog {
  const { sink, clock } = options;
  const run = randomUUID();
  const budget = options.budget === undefined ? undefined : new Budget(options.budget, clock);
  let sequence = 0;
  let unrecorded = 0;
  let isBroken = false;
  let areKept = true;
  // a full disk: from here on nothing can be recorded, so nothing is let through
  sink.on("error", () => (isBroken = true));

  const hasRoom = (): boolean =>
    !isBroken && areKept && sink.writableLength < MAX_WAITING_BYTES && budget?.isSpent() !== true;
  const put = (entry: Parameters<AuditLog["write"]>[0]): void => {
    budget?.spend();
    sequence += 1;
    const record: AuditRecord = { time: clock.now().toISOString(), sequence, run, gate: "egress", ...entry };
    if (isBroken) return;
    gatherTurn(sink);
    sink.write(`${JSON.stringify(record)}\n`);
  };
  return {
    hasRoom,
    setKept: (isKept) => (areKept = isKept),
    write(entry) {
      if (entry.verdict === "deny" && !hasRoom()) {
        unrecorded += 1;
        return;
      }
      if (unrecorded > 0) {
        const because = `${unrecorded} denials before this found no room in the audit`;
        unrecorded = 0;
        put({ verdict: "info", code: "DenialsNotRecorded", because });
      }
      put(entry);
    },
  };
}

/** One write for what is written in one turn of the event loop. */
function gatherTurn(sink: Writable): void {
  if (sink.writableCorked > 0) return;
  sink.cork();
  setImmediate(() => sink.uncork());
}

/** Keeps no record: for measuring the proxy without it. */
export const NO_AUDIT: AuditLog = { hasRoom: () => true, write: () => undefined };
