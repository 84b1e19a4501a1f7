import type { BudgetUse } from "../../../sidecars/wire/control.ts";
import type { EgressPolicy, PolicyBudget } from "../../../sidecars/wire/egress-policy.ts";
import type { Observed } from "../observed.ts";

/** A change of this share of a limit is written to status: sidecars count with every request. */
const NEWS_SHARE = 0.01;

type Seen = Pick<Observed, "wanted" | "enforcement">;

/** What was spent of each budget that limits something: the larger of what status and the sidecars say. */
export function spentOf({ wanted: { policy }, enforcement }: Seen): readonly BudgetUse[] {
  if (policy === undefined) return [];
  const reported = enforcement.kind === "holds" ? enforcement.report.spent : [];
  return [...limitsOf(policy.egress).keys()].flatMap((route) => {
    const before = policy.spent.find((use) => use.route === route);
    const now = reported.find((use) => use.route === route);
    if (now === undefined || before === undefined) return now ?? before ?? [];
    return {
      ...now,
      requestBytes: Math.max(before.requestBytes, now.requestBytes),
      modelTokens: Math.max(before.modelTokens, now.modelTokens),
    };
  });
}

/** The same for status, which is only written when it is news. */
export function spentForStatus(observed: Seen): readonly BudgetUse[] {
  const { policy } = observed.wanted;
  if (policy === undefined) return [];
  const limits = limitsOf(policy.egress);
  const spent = spentOf(observed);
  const isNews =
    spent.length !== policy.spent.length ||
    spent.some((use) => isNewsOf(use, policy.spent, limits.get(use.route) ?? {}));
  return isNews ? spent : policy.spent;
}

function isNewsOf(use: BudgetUse, before: readonly BudgetUse[], limit: PolicyBudget): boolean {
  const known = before.find(({ route }) => route === use.route);
  if (known === undefined || known.isExceeded !== use.isExceeded) return true;
  const isMuch = (now: number, then: number, most = Infinity): boolean =>
    Math.abs(now - then) >= most * NEWS_SHARE;
  return (
    isMuch(use.requestBytes, known.requestBytes, limit.requestBytes) ||
    isMuch(use.modelTokens, known.modelTokens, limit.modelTokens) ||
    // a new sidecar starts from this: what matters is whether there is room
    isMuch(use.recentRequests, known.recentRequests, (limit.requestsPerMinute ?? Infinity) * 25)
  );
}

/** By name of the route; empty: of all together. Routes of one name share what is spent. */
function limitsOf({ budget, routes }: EgressPolicy): Map<string, PolicyBudget> {
  return new Map(
    [{ name: "", budget }, ...routes]
      .filter((limited) => Object.keys(limited.budget).length > 0)
      .map((limited) => [limited.name, limited.budget]),
  );
}
