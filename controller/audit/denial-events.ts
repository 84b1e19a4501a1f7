import type { ApiObject } from "../../crds/metadata.ts";
import type { EventRecorder } from "../../reconcilers/contract/event-recorder.ts";
import type { AuditRecord } from "../../sidecars/wire/audit.ts";

const MOST_IN_A_WINDOW = 20;
const WINDOW_MS = 10 * 60_000;

/**
 * Tells people of denials as Events, each kind once in a while, and only so many of one bottle: an agent that tries
 * a thousand hosts must not fill the database. The audit has them all.
 */
export class DenialEvents {
  readonly #events: EventRecorder;
  readonly #now: () => Date;
  #windowStart = 0;
  #seen = new Set<string>();

  constructor(events: EventRecorder, now: () => Date) {
    this.#events = events;
    this.#now = now;
  }

  /** records what a denial says; passes over everything else */
  tell(bottle: ApiObject, record: AuditRecord): void {
    if (record.verdict !== "deny") return;
    this.#turnWindow();
    const message = describe(record);
    const isNew = !this.#seen.has(message);
    if (isNew && this.#seen.size > MOST_IN_A_WINDOW) return;
    this.#seen.add(message);
    const isLast = isNew && this.#seen.size > MOST_IN_A_WINDOW;
    this.#events.record(bottle, {
      type: "Warning",
      reason: isLast ? "ManyDenials" : record.code,
      message: isLast ? "there are more denials than Events can tell; the audit has them all" : message,
    });
  }

  #turnWindow(): void {
    const now = this.#now().getTime();
    if (now - this.#windowStart < WINDOW_MS) return;
    this.#windowStart = now;
    this.#seen = new Set();
  }
}

/** Host and rule, never a path: an agent could write anything there. */
function describe({ host, port, because }: AuditRecord): string {
  const where = host === undefined ? "" : `${host}${port === undefined ? "" : `:${port}`}: `;
  return `${where}${because}`.slice(0, 512);
}
