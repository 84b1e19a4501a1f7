import type { Clock } from "../shared/clock.ts";
import type { BudgetUse } from "../wire/control.ts";
import type { PolicyBudget } from "../wire/egress-policy.ts";
import type { AuditLog } from "./audit-log.ts";
import type { Denial } from "./denial.ts";

const MINUTE_MS = 60_000;
/** parts of a limit; the audit tells of each that is spent */
const STEPS = 20;

/** A limit, and who it is of: a route's name, or empty for all routes together. */
export interface Limited {
  readonly route: string;
  readonly budget: PolicyBudget;
}

interface Account {
  /** when the requests of the last minute began, oldest first */
  begun: number[];
  requestBytes: number;
  modelTokens: number;
  /** parts of the limits that were told of */
  told: number;
  isExceeded: boolean;
}

/** Counts what budgets allow. What is spent stays spent whatever policy comes next. */
export class Budgets {
  readonly #clock: Clock;
  readonly #audit: Pick<AuditLog, "write">;
  readonly #accounts = new Map<string, Account>();

  constructor(clock: Clock, audit: Pick<AuditLog, "write">) {
    this.#clock = clock;
    this.#audit = audit;
  }

  get use(): BudgetUse[] {
    return [...this.#accounts].map(([route, account]) => ({
      route,
      recentRequests: this.#recent(account),
      requestBytes: account.requestBytes,
      modelTokens: account.modelTokens,
      isExceeded: account.isExceeded,
    }));
  }

  /** Takes over what others know to be spent. What was counted here is never made less. */
  restore(spent: readonly BudgetUse[]): void {
    for (const { route, recentRequests, requestBytes, modelTokens } of spent) {
      const isNew = !this.#accounts.has(route);
      const account = this.#accountOf(route);
      account.requestBytes = Math.max(account.requestBytes, requestBytes);
      account.modelTokens = Math.max(account.modelTokens, modelTokens);
      // limits may have changed: the next request shows it
      account.isExceeded = false;
      // when they began is not known any more: now is the latest that it can have been
      if (isNew) account.begun = Array.from({ length: recentRequests }, () => this.#clock.elapsedMs());
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#accounts.clear();
  }

  /** Counts a request; says why it may not begin, and counts nothing then. */
  begin(limits: readonly Limited[]): Denial | undefined {
    for (const limited of limits) {
      const denial = this.#refusal(limited);
      if (denial !== undefined) return denial;
    }
    const now = this.#clock.elapsedMs();
    for (const { route, budget } of limits) {
      if (budget.requestsPerMinute !== undefined) this.#accountOf(route).begun.push(now);
    }
    return undefined;
  }

  /** Says why no more tokens may be asked for. */
  refuseTokens(limits: readonly Limited[]): Denial | undefined {
    const limit = limits.find(
      ({ route, budget }) => this.#accountOf(route).modelTokens >= (budget.modelTokens ?? Infinity),
    );
    return limit && this.#exceed(limit.route, `${limit.budget.modelTokens} tokens of models`);
  }

  /** Counts bytes that are about to leave; says why they may not, and counts nothing then. */
  spendBytes(limits: readonly Limited[], bytes: number): Denial | undefined {
    const limit = limits.find(
      ({ route, budget }) =>
        budget.requestBytes !== undefined &&
        this.#accountOf(route).requestBytes + bytes > budget.requestBytes,
    );
    if (limit !== undefined)
      return this.#exceed(limit.route, `${limit.budget.requestBytes} bytes of requests`);
    for (const limited of limits) {
      if (limited.budget.requestBytes === undefined) continue;
      const account = this.#accountOf(limited.route);
      account.requestBytes += bytes;
      account.isExceeded = false;
      this.#tell(limited);
    }
    return undefined;
  }

  /** Counts tokens, which were used already when they are told of. */
  spendTokens(limits: readonly Limited[], tokens: number): void {
    for (const limited of limits) {
      if (limited.budget.modelTokens === undefined) continue;
      this.#accountOf(limited.route).modelTokens += tokens;
      this.#tell(limited);
    }
  }

  #refusal({ route, budget }: Limited): Denial | undefined {
    const account = this.#accountOf(route);
    const { requestsPerMinute, requestBytes } = budget;
    if (requestBytes !== undefined && account.requestBytes >= requestBytes) {
      return this.#exceed(route, `${requestBytes} bytes of requests`);
    }
    const outOfTokens = this.refuseTokens([{ route, budget }]);
    if (outOfTokens !== undefined) return outOfTokens;
    if (requestsPerMinute === undefined || this.#recent(account) < requestsPerMinute) return undefined;
    const oldest = account.begun.at(-requestsPerMinute) ?? 0;
    const retryAfterSeconds = Math.ceil((oldest + MINUTE_MS - this.#clock.elapsedMs()) / 1000);
    return { ...spent(route, `${requestsPerMinute} requests a minute`), retryAfterSeconds };
  }

  #exceed(route: string, what: string): Denial {
    this.#accountOf(route).isExceeded = true;
    return spent(route, what);
  }

  #recent(account: Account): number {
    const since = this.#clock.elapsedMs() - MINUTE_MS;
    const first = account.begun.findIndex((at) => at > since);
    account.begun = first === -1 ? [] : first === 0 ? account.begun : account.begun.slice(first);
    return account.begun.length;
  }

  #tell({ route, budget: { requestBytes, modelTokens } }: Limited): void {
    const account = this.#accountOf(route);
    const shares = [
      account.requestBytes / (requestBytes ?? Infinity),
      account.modelTokens / (modelTokens ?? Infinity),
    ];
    const reached = Math.floor(Math.min(1, Math.max(...shares)) * STEPS);
    const isNews = reached > account.told;
    // lower again: the limit was raised
    account.told = reached;
    if (!isNews) return;
    const because = `${(reached * 100) / STEPS} % of the budget of ${ownerOf(route)} is spent`;
    this.#audit.write({ verdict: "info", code: "BudgetSpent", because });
  }

  #accountOf(route: string): Account {
    let account = this.#accounts.get(route);
    if (account === undefined) {
      account = { begun: [], requestBytes: 0, modelTokens: 0, told: 0, isExceeded: false };
      this.#accounts.set(route, account);
    }
    return account;
  }
}

function spent(route: string, what: string): Denial {
  return { code: "BudgetExceeded", because: `the budget of ${ownerOf(route)} is spent: ${what}` };
}

const ownerOf = (route: string): string => (route === "" ? "the bottle" : `route ${route}`);
