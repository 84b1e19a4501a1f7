import type { AuditLog } from "../../egress/audit-log.ts";
import { Budget } from "../../shared/budget.ts";
import type { Clock } from "../../shared/clock.ts";
import type { GateMessage } from "../../wire/git-gate-channel.ts";

type GateRecord = Extract<GateMessage, { kind: "audit" }>["record"];

/** a small part of what the whole audit may take, so that git-gate cannot keep egress from being recorded */
const LIMITS = { burst: 2_000, perSecond: 100 };
const LONGEST_RECORD = 16 * 1024;

/** Writes git-gate's records into the audit: as git's, whatever they say, and only so many and so long. */
export class GateAudit {
  readonly #audit: AuditLog;
  readonly #budget: Budget;
  #dropped = 0;

  constructor(audit: AuditLog, clock: Clock) {
    this.#audit = audit;
    this.#budget = new Budget(LIMITS, clock);
  }

  write(record: GateRecord): void {
    if (this.#budget.isSpent() || JSON.stringify(record).length > LONGEST_RECORD) {
      this.#dropped += 1;
      return;
    }
    this.#tellDropped();
    this.#budget.spend();
    this.#audit.write({ ...record, gate: "git" });
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    const because = `${this.#dropped} records of git-gate before this were too many or too long`;
    this.#dropped = 0;
    this.#audit.write({ gate: "git", verdict: "error", code: "RecordsDropped", because });
  }
}
