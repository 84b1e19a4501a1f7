import type { Clock } from "../../shared/clock.ts";
import { Budget } from "../../shared/budget.ts";
import type { AuditLog } from "../audit-log.ts";
import type { DenialCode } from "../denial.ts";
import type { Enforcement } from "../enforcement.ts";
import { decideName } from "./decide-name.ts";
import { DeniedNames } from "./denied-names.ts";
import { type Answer, type Question, RCODES, readQuery, TYPES, writeAnswer, writeName } from "./message.ts";

/** queries that are looked at; the rest is told to ask again */
const QUERIES = { burst: 2_000, perSecond: 1_000 };
/** seconds for which a name may be kept: a change of the policy is to show soon */
const TTL = 5;
/** numbers of RFC 8914 */
const NOT_READY = 14;
const BLOCKED = 15;

const REVERSE_OF_LOOPBACK = "1.0.0.127.in-addr.arpa";
const REVERSE_OF_THIS_MACHINE = /(^|\.)127\.in-addr\.arpa$/;

export interface NameAnswersParts {
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** what is in force now; undefined: no name is told of */
  enforcement(): Enforcement | undefined;
}

/**
 * Answers the agent's DNS queries out of the policy alone: nobody is asked, so a name that carries data arrives
 * nowhere.
 */
export class NameAnswers {
  readonly #parts: NameAnswersParts;
  readonly #denied: DeniedNames;
  readonly #budget: Budget;

  constructor(parts: NameAnswersParts) {
    this.#parts = parts;
    this.#denied = new DeniedNames(parts.audit, parts.clock);
    this.#budget = new Budget(QUERIES, parts.clock);
  }

  /** The answer to a message; undefined when it deserves none. Never throws on what a message holds. */
  answer(message: Buffer): Buffer | undefined {
    const read = readQuery(message);
    if (read.kind === "ignored") return undefined;
    if (read.kind === "refused") return writeAnswer(read.query, { rcode: read.rcode });
    if (this.#budget.isSpent()) return writeAnswer(read.query, { rcode: RCODES.serverFailure });
    this.#budget.spend();
    return writeAnswer(read.query, this.#answerTo(read.question));
  }

  #answerTo({ name, type }: Question): Answer {
    if (name !== undefined && REVERSE_OF_THIS_MACHINE.test(name.toLowerCase()))
      return ofThisMachine(name, type);
    const verdict = decideName(name, this.#parts.enforcement(), this.#parts.audit);
    if (verdict.kind === "address") return addressAnswer(verdict.address, type);
    const { denial, host } = verdict;
    this.#denied.record(denial, host);
    return refusal(denial.code, denial.because);
  }
}

/** Every other type of record is one that the name does not have, IPv6 and HTTPS included. */
function addressAnswer(address: string, type: number): Answer {
  if (type !== TYPES.a) return { rcode: RCODES.noError };
  const data = Buffer.from(address.split(".").map(Number));
  return { rcode: RCODES.noError, ttl: TTL, records: [{ type, data }] };
}

/** As the hosts file has it; other addresses of this machine have no name of their own. */
function ofThisMachine(name: string, type: number): Answer {
  if (name.toLowerCase() !== REVERSE_OF_LOOPBACK) return { rcode: RCODES.nameError };
  const records = type === TYPES.ptr ? [{ type, data: writeName("localhost") }] : [];
  return { rcode: RCODES.noError, ttl: TTL, records };
}

/** What only is so for now must not be kept as a name that does not exist. */
const FOR_NOW = new Set<DenialCode>(["NotConfigured", "AuditUnavailable"]);

function refusal(code: DenialCode, because: string): Answer {
  return FOR_NOW.has(code)
    ? { rcode: RCODES.serverFailure, explanation: { code: NOT_READY, text: because } }
    : { rcode: RCODES.nameError, explanation: { code: BLOCKED, text: `${code}: ${because}` } };
}
