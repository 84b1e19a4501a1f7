import type { Bottle } from "../../../crds/bottle.ts";
import type { Observed } from "../observed.ts";
import { isInDeadNamespace } from "../parts.ts";
import type { RunRequest } from "./plan.ts";
import type { Work } from "./steps.ts";

/** A frozen agent whose link stays broken this long may itself be what breaks it: it is stopped. */
const FROZEN_IN_VAIN_MS = 15_000;
/** What an agent without a way out gets to end in. */
const GRACE_MS = 2_000;

/**
 * What must happen before anything else: a live agent that cannot be shown to
 * be held. Freezing keeps its work, so that stopping is for a dead namespace
 * and for a link that the frozen agent may be starving.
 */
export function planDanger({ bottle, now }: RunRequest, { parts, enforcement }: Observed): Work | undefined {
  const { agent } = parts.sandboxes;
  if (agent === undefined) return undefined;
  if (isInDeadNamespace(parts)) return { kind: "stop", name: agent.name, graceMs: GRACE_MS };
  if (enforcement.kind === "holds") return undefined;
  if (agent.phase === "running") return { kind: "pause", name: agent.name };
  const isInVain = enforcement.reason === "ProbeFailed" && failedForMs(bottle, now) >= FROZEN_IN_VAIN_MS;
  return agent.phase === "paused" && isInVain ? { kind: "stop", name: agent.name, graceMs: 0 } : undefined;
}

/** time since enforcement was last seen to hold */
function failedForMs({ status }: Bottle, now: Date): number {
  const before = status?.conditions?.find(({ type }) => type === "EgressEnforced");
  return before === undefined || before.status === "True"
    ? 0
    : now.getTime() - Date.parse(before.lastTransitionTime);
}
