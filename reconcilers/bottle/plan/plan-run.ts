import type { Observed } from "../observed.ts";
import { runConditions } from "./conditions.ts";
import { MOVED, type Plan, type PlanEnd, type RunRequest } from "./plan.ts";
import { planAgent } from "./plan-agent.ts";
import { planBringUp } from "./plan-bring-up.ts";
import { planDanger } from "./plan-danger.ts";
import { planOutdated } from "./plan-outdated.ts";
import { endOfStandstill } from "./standstill.ts";
import { inOrder, together, type Work } from "./steps.ts";

/**
 * What to do next about a Bottle that should run.
 *
 * Pure. The agent is planned to start or to go on only while the sidecars
 * report the wanted policy and the probe from its namespace holds; every other
 * answer, no answer included, plans it frozen, and stopped when its namespace
 * is dead. Danger comes first, then what is out of date, then what is missing,
 * then the agent, and last what is left at forges.
 */
export function planRun(request: RunRequest, observed: Observed): Plan {
  const conditions = runConditions(observed);
  const danger = planDanger(request, observed);
  if (danger !== undefined) return { work: danger, conditions, end: endOfDanger(observed) };
  const work = planNext(request, observed) ?? planLeftovers(observed);
  if (work !== undefined) return { work, conditions, end: MOVED };
  return { work: inOrder(), conditions, end: endOfStandstill(request, observed) };
}

function planNext(request: RunRequest, observed: Observed): Work | undefined {
  const { parts: wanted } = observed.wanted;
  if (wanted.kind === "obstacle") return undefined;
  return (
    planOutdated(observed.parts, wanted.value) ??
    planBringUp(request, observed, wanted.value) ??
    planAgent(request, observed, wanted.value)
  );
}

/** Last of all, so that a forge which does not answer is in nobody's way. */
function planLeftovers({ wanted: { deployKeys } }: Observed): Work | undefined {
  const due = deployKeys.leftovers.filter(({ isDue }) => isDue);
  if (due.length === 0) return undefined;
  return together(...due.map(({ note }): Work => ({ kind: "removeDeployKey", note, mayFail: true })));
}

/** says what the danger was, so that people do not read of mere progress */
function endOfDanger({ enforcement }: Observed): PlanEnd {
  if (enforcement.kind === "fails")
    return { ...MOVED, reason: enforcement.reason, message: enforcement.message };
  return { ...MOVED, reason: "LinkDown", message: "the agent's airlock is younger than the agent" };
}
