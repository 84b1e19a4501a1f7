import { beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../shared/clock.ts";
import type { PolicyBudget } from "../wire/egress-policy.ts";
import { NO_AUDIT } from "./audit-log.ts";
import { Budgets, type Limited } from "./budgets.ts";

let now = 0;
const clock: Clock = {
  now: () => new Date(now),
  elapsedMs: () => now,
  after: () => () => undefined,
};
let told: string[] = [];
let budgets: Budgets;

beforeEach(() => {
  now = 0;
  told = [];
  budgets = new Budgets(clock, { write: ({ because }) => told.push(because) });
});

const of = (budget: PolicyBudget, route = "api"): Limited[] => [{ route, budget }];

describe("a budget of requests a minute", () => {
  const limits = of({ requestsPerMinute: 3 });

  it("lets that many begin within any minute, and says when the next may", () => {
    for (const at of [0, 10_000, 20_000]) {
      now = at;
      expect(budgets.begin(limits)).toBeUndefined();
    }
    now = 30_000;
    expect(budgets.begin(limits)).toEqual({
      code: "BudgetExceeded",
      because: "the budget of route api is spent: 3 requests a minute",
      retryAfterSeconds: 30,
    });
    now = 60_000;
    expect(budgets.begin(limits)).toBeUndefined();
    expect(budgets.begin(limits)).toMatchObject({ retryAfterSeconds: 10 });
  });

  it("counts no request that it refuses, and none of another route", () => {
    for (let index = 0; index < 3; index += 1) budgets.begin(limits);
    for (let index = 0; index < 50; index += 1) budgets.begin(limits);
    expect(budgets.use).toMatchObject([{ route: "api", recentRequests: 3 }]);
    expect(budgets.begin(of({ requestsPerMinute: 1 }, "other"))).toBeUndefined();
  });

  it("counts for the route and for the bottle, and for neither when one of them refuses", () => {
    const both = [...of({ requestsPerMinute: 1 }), ...of({ requestsPerMinute: 5 }, "")];
    expect(budgets.begin(both)).toBeUndefined();
    expect(budgets.begin(both)).toMatchObject({ code: "BudgetExceeded" });
    expect(budgets.use).toMatchObject([
      { route: "api", recentRequests: 1 },
      { route: "", recentRequests: 1 },
    ]);
  });
});

describe("a budget of bytes", () => {
  it("is never overdrawn, and has no end of its own", () => {
    const limits = of({ requestBytes: 100 }, "");
    expect(budgets.spendBytes(limits, 60)).toBeUndefined();
    expect(budgets.spendBytes(limits, 41)).toEqual({
      code: "BudgetExceeded",
      because: "the budget of the bottle is spent: 100 bytes of requests",
    });
    expect(budgets.spendBytes(limits, 40)).toBeUndefined();
    now = 3_600_000;
    expect(budgets.begin(limits)).toMatchObject({ code: "BudgetExceeded" });
    expect(budgets.begin(of({ requestBytes: 101 }, ""))).toBeUndefined();
  });
});

describe("a budget of tokens", () => {
  it("counts what was used, and lets nothing begin when it is spent", () => {
    const limits = of({ modelTokens: 100 });
    budgets.spendTokens(limits, 99);
    expect(budgets.begin(limits)).toBeUndefined();
    budgets.spendTokens(limits, 50);
    expect(budgets.begin(limits)).toMatchObject({
      because: "the budget of route api is spent: 100 tokens of models",
    });
  });
});

describe("what was spent", () => {
  it("is told of in twentieths, each once, and again when the limit was raised", () => {
    const limits = of({ requestBytes: 100 });
    for (let index = 0; index < 12; index += 1) budgets.spendBytes(limits, 1);
    expect(told).toEqual([
      "5 % of the budget of route api is spent",
      "10 % of the budget of route api is spent",
    ]);
    budgets.spendBytes(limits, 88);
    expect(told.at(-1)).toBe("100 % of the budget of route api is spent");
    budgets.spendBytes(of({ requestBytes: 1000 }), 10);
    budgets.spendBytes(of({ requestBytes: 1000 }), 50);
    expect(told.at(-1)).toBe("15 % of the budget of route api is spent");
  });

  it("is taken over by whoever counts next, and never made less", () => {
    const limits = of({ requestBytes: 100, modelTokens: 100, requestsPerMinute: 2 });
    budgets.begin(limits);
    budgets.spendBytes(limits, 70);
    budgets.spendTokens(limits, 80);
    const next = new Budgets(clock, NO_AUDIT);
    next.restore(budgets.use);
    expect(next.use).toEqual([
      { route: "api", recentRequests: 1, requestBytes: 70, modelTokens: 80, isExceeded: false },
    ]);
    expect(next.spendBytes(limits, 31)).toMatchObject({ code: "BudgetExceeded" });
    next.begin(limits);
    expect(next.begin(limits)).toMatchObject({ code: "BudgetExceeded", retryAfterSeconds: 60 });
    next.restore([{ route: "api", recentRequests: 0, requestBytes: 5, modelTokens: 5, isExceeded: false }]);
    expect(next.use).toEqual([
      { route: "api", recentRequests: 2, requestBytes: 70, modelTokens: 80, isExceeded: false },
    ]);
    next.clear();
    expect(next.use).toEqual([]);
  });
});
