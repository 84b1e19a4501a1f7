import type { ApiObject } from "../../crds/metadata.ts";
import { CANARY_RULE } from "../../crds/rule-names.ts";
import type { EventRecorder } from "../../reconcilers/contract/event-recorder.ts";
import type { AuditRecord } from "../../sidecars/wire/audit.ts";
import { escapeLine } from "../escape.ts";

type Event = Parameters<EventRecorder["record"]>[1];

const MOST_IN_A_WINDOW = 20;
const WINDOW_MS = 10 * 60_000;
const MAX_MESSAGE = 512;
const MOST_REFS = 3;
/** Something in the bottle read what was planted there, and tries to send it: whoever looks at Events must see that. */
const CANARY_SENT = "CanarySent";

/** What takes the place of Events of a type when there are too many. */
const TOO_MANY = {
  Warning: {
    reason: "ManyDenials",
    message: "there are more denials than Events can tell; the audit has them all",
  },
  Normal: {
    reason: "ManyPushes",
    message: "there are more pushes than Events can tell; the audit has them all",
  },
} as const;

/**
 * Tells people of denials, of pushes and of what kept git from its upstream, as Events: each kind once in a while, and
 * only so many of one bottle, for an agent that tries a thousand hosts must not fill the database. Pushes, denials
 * and canaries are counted apart, so that none hides the others. The audit has them all.
 */
export class AuditEvents {
  readonly #events: EventRecorder;
  readonly #now: () => Date;
  #windowStart = 0;
  #seen = emptySets();

  constructor(events: EventRecorder, now: () => Date) {
    this.#events = events;
    this.#now = now;
  }

  /** records what is worth an Event; passes over everything else */
  tell(bottle: ApiObject, record: AuditRecord): void {
    const event = eventOf(record);
    if (event === undefined) return;
    this.#turnWindow();
    const seen = this.#seen[event.reason === CANARY_SENT ? CANARY_SENT : event.type];
    const isNew = !seen.has(event.message);
    if (isNew && seen.size > MOST_IN_A_WINDOW) return;
    seen.add(event.message);
    const isLast = isNew && seen.size > MOST_IN_A_WINDOW;
    this.#events.record(bottle, isLast ? { type: event.type, ...TOO_MANY[event.type] } : event);
  }

  #turnWindow(): void {
    const now = this.#now().getTime();
    if (now - this.#windowStart < WINDOW_MS) return;
    this.#windowStart = now;
    this.#seen = emptySets();
  }
}

const emptySets = () => ({
  Warning: new Set<string>(),
  Normal: new Set<string>(),
  [CANARY_SENT]: new Set<string>(),
});

function eventOf(record: AuditRecord): Event | undefined {
  const { gate, verdict, method, code, rule } = record;
  const isOfGit = gate === "git";
  if (isOfGit && verdict === "allow" && method === "push") {
    return { type: "Normal", reason: "Pushed", message: bounded(`${record.route}: ${refsOf(record)}`) };
  }
  if (verdict !== "deny" && !(isOfGit && verdict === "error")) return undefined;
  const reason = rule === CANARY_RULE ? CANARY_SENT : code;
  return { type: "Warning", reason, message: bounded(isOfGit ? ofGit(record) : ofHost(record)) };
}

/** Host and rule, never a path: an agent could write anything there. */
function ofHost({ host, port, because }: AuditRecord): string {
  const where = host === undefined ? "" : `${host}${port === undefined ? "" : `:${port}`}: `;
  return `${where}${because}`;
}

function ofGit(record: AuditRecord): string {
  const refs = refsOf(record);
  return [record.route, refs, record.because].filter((part) => part !== undefined && part !== "").join(": ");
}

function refsOf({ refs = [] }: AuditRecord): string {
  const more = refs.length > MOST_REFS ? ` and ${refs.length - MOST_REFS} more` : "";
  return `${refs.slice(0, MOST_REFS).join(" ")}${more}`;
}

/** kubectl prints messages as they are, and an agent names branches. */
function bounded(text: string): string {
  return escapeLine(text).slice(0, MAX_MESSAGE);
}
