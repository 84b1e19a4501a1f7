import { Budget } from "../../shared/budget.ts";
import type { Clock } from "../../shared/clock.ts";
import type { AuditLog } from "../audit-log.ts";
import type { Denial } from "../denial.ts";

/** A library that is told no asks again at once, for both kinds of address and with each search domain. */
const SAME_FOR_MS = 10_000;
const MOST_REMEMBERED = 256;
/** A query costs an agent next to nothing: records of them must not use up the audit, without which nothing goes. */
const RECORDS = { burst: 200, perSecond: 10 };

/** Records the names that were refused, each once in a while, and counts what there are too many of. */
export class DeniedNames {
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #budget: Budget;
  /** when each was recorded, oldest first */
  readonly #recorded = new Map<string, number>();
  #unrecorded = 0;

  constructor(audit: AuditLog, clock: Clock) {
    this.#audit = audit;
    this.#clock = clock;
    this.#budget = new Budget(RECORDS, clock);
  }

  record({ code, because }: Denial, host: string | undefined): void {
    if (this.#isKnown(`${code} ${host ?? ""}`)) return;
    if (this.#budget.isSpent()) return this.#count();
    this.#budget.spend();
    const named = host === undefined ? {} : { host };
    this.#audit.write({ verdict: "deny", code, because, method: "DNS", ...named });
  }

  #isKnown(key: string): boolean {
    const now = this.#clock.elapsedMs();
    const at = this.#recorded.get(key);
    if (at !== undefined && now - at < SAME_FOR_MS) return true;
    this.#recorded.delete(key);
    this.#recorded.set(key, now);
    const [oldest] = this.#recorded.keys();
    if (this.#recorded.size > MOST_REMEMBERED && oldest !== undefined) this.#recorded.delete(oldest);
    return false;
  }

  #count(): void {
    this.#unrecorded += 1;
    if (this.#unrecorded > 1) return;
    this.#clock.after(SAME_FOR_MS, () => {
      const because = `${this.#unrecorded} more names were refused, faster than they are recorded`;
      this.#unrecorded = 0;
      this.#audit.write({ verdict: "info", code: "DenialsNotRecorded", because, method: "DNS" });
    });
  }
}
