import type { Bottle } from "../../../crds/bottle.ts";
import type { SandboxState } from "../../contract/sandbox-runtime.ts";
import type { DesiredParts } from "../desired-parts.ts";
import type { Observed } from "../observed.ts";
import type { RunRequest } from "./plan.ts";
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
  if (agent.phase === "running") return planRefresh(bottle, agent, observed);
  const spec = agentSpecFor(bottle, observed.parts, wanted);
  const mayStart = areSecretsUsable(observed) && !isResting(agent, now);
  if (!mayStart || spec.homeFiles !== undefined) return undefined;
  return inOrder({ kind: "create", spec }, { kind: "start", name: agent.name });
}

/** A home that was given something else than what is wanted now, such as an older prompt. */
function planRefresh({ status }: Bottle, { name }: SandboxState, { wanted }: Observed): Work | undefined {
  const { files, hash } = wanted.keptFiles;
  return status?.homeFilesHash === hash ? undefined : { kind: "refreshHome", name, files };
}
