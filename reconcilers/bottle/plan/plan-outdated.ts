import type { SandboxSpec, SandboxState } from "../../contract/sandbox-runtime.ts";
import type { DesiredParts } from "../desired-parts.ts";
import { isAlive, type Parts } from "../parts.ts";
import { inOrder, type Work } from "./steps.ts";

/** What a running agent gets to end in when it is made anew. */
const GRACE_MS = 10_000;

/** Takes away what was made from another spec, and an agent that is bound to an airlock which is no more. */
export function planOutdated({ sandboxes }: Parts, { sandboxes: wanted }: DesiredParts): Work | undefined {
  const { airlock, sidecars, agent } = sandboxes;
  const airlockGoes = isOutdated(airlock, wanted.airlock);
  const agentGoes =
    agent !== undefined &&
    (airlockGoes || agent.joinedId !== sandboxes.airlock?.id || isOutdated(agent, wanted.agent));
  const work = [
    ...(agentGoes ? [endAgent(agent)] : []),
    ...(airlockGoes ? [removal(airlock)] : []),
    ...(isOutdated(sidecars, wanted.sidecars) ? [removal(sidecars)] : []),
  ];
  return work.length === 0 ? undefined : inOrder(...work);
}

/** Ends and removes an agent; its home stays. */
export const endAgent = (agent: SandboxState): Work =>
  inOrder(isAlive(agent) ? { kind: "stop", name: agent.name, graceMs: GRACE_MS } : undefined, removal(agent));

export const removal = ({ name }: SandboxState): Work => ({ kind: "remove", name });

function isOutdated(actual: SandboxState | undefined, wanted: SandboxSpec): actual is SandboxState {
  return actual !== undefined && actual.specHash !== wanted.specHash;
}
