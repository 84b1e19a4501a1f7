import type { DesiredParts } from "../desired-parts.ts";
import type { Observed } from "../observed.ts";
import type { RunRequest } from "./plan-run.ts";
import { agentSpecFor, areSecretsUsable, isResting } from "./readiness.ts";
import { inOrder, type Work } from "./steps.ts";

/**
 * Lets the agent run, once enforcement was shown in this very pass.
 *
 * It is started only when status already says that its home has its files:
 * were it started first, a crash could make the next pass write a tar, as
 * root, into a home that has lived.
 */
export function planAgent(
  { bottle, now }: RunRequest,
  observed: Observed,
  wanted: DesiredParts,
): Work | undefined {
  const { agent } = observed.parts.sandboxes;
  if (observed.enforcement.kind !== "holds" || agent === undefined) return undefined;
  if (agent.phase === "paused") return { kind: "unpause", name: agent.name };
  const spec = agentSpecFor(bottle, observed.parts, wanted);
  const mayStart = agent.phase !== "running" && areSecretsUsable(observed) && !isResting(agent, now);
  if (!mayStart || spec.homeFiles !== undefined) return undefined;
  return inOrder({ kind: "create", spec }, { kind: "start", name: agent.name });
}
