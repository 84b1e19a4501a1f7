import type { Bottle } from "../../crds/bottle.ts";
import type { Pass } from "../contract/reconciler.ts";
import type { SandboxRuntime } from "../contract/sandbox-runtime.ts";
import type { AgentCheck, AgentChecks } from "./agent-checks.ts";
import type { Enforcement, EnforcementCheck } from "./enforcement.ts";
import type { Obstacle } from "./obstacle.ts";
import type { Observed, Wanted } from "./observed.ts";
import { type Parts, partsOf } from "./parts.ts";
import type { WantedReader } from "./read-wanted.ts";

export interface ObserveDependencies {
  readonly runtime: SandboxRuntime;
  readonly wanted: WantedReader;
  readonly enforcement: EnforcementCheck;
  readonly checks: AgentChecks;
}

/** What there is of a bottle. Throws RuntimeUnavailableError. */
export async function observeParts(
  { metadata: { uid } }: Bottle,
  runtime: SandboxRuntime,
  { signal }: Pass,
): Promise<Parts> {
  return partsOf(await runtime.listOf(uid, signal));
}

/** All reads of a pass over a Bottle that should run; the policy is pushed on the way. Throws RuntimeUnavailableError. */
export async function observe(
  bottle: Bottle,
  dependencies: ObserveDependencies,
  pass: Pass,
): Promise<Observed> {
  const [parts, effective] = await Promise.all([
    observeParts(bottle, dependencies.runtime, pass),
    dependencies.wanted.effective(bottle, pass.signal),
  ]);
  if (effective.kind === "obstacle") return unknownWanted(parts, effective.obstacle);
  const agentIsNew = parts.sandboxes.agent === undefined;
  const wanted = await dependencies.wanted.read(bottle, effective.value, { agentIsNew }, pass.signal);
  const sidecarsSpec = wanted.parts.kind === "found" ? wanted.parts.value.sandboxes.sidecars : undefined;
  const enforcement: Enforcement =
    wanted.policy === undefined
      ? policyUnknown(wanted.parts)
      : await dependencies.enforcement.observe(parts, wanted.policy, sidecarsSpec, pass);
  const checks = effective.value.provider.checks;
  const agentCheck = await checkAgent({ parts, wanted, enforcement }, checks, dependencies, pass);
  return { parts, wanted, enforcement, agentCheck };
}

async function checkAgent(
  { parts: { sandboxes }, wanted, enforcement }: Omit<Observed, "agentCheck">,
  checks: Parameters<AgentChecks["observe"]>[1]["checks"],
  dependencies: ObserveDependencies,
  { signal }: Pass,
): Promise<AgentCheck> {
  const { agent } = sandboxes;
  if (agent?.phase !== "running" || enforcement.kind !== "holds" || wanted.caFingerprint === undefined) {
    return { kind: "notSeen" };
  }
  return dependencies.checks.observe(agent, { caFingerprint: wanted.caFingerprint, checks }, signal);
}

/** Without a wanted policy there is nothing that could be shown to be enforced. */
function unknownWanted(parts: Parts, obstacle: Obstacle): Observed {
  const wanted: Wanted = {
    policy: undefined,
    parts: { kind: "obstacle", obstacle },
    secretsObstacle: undefined,
    provider: undefined,
    agentImage: undefined,
    caFingerprint: undefined,
  };
  return { parts, wanted, enforcement: policyUnknown(wanted.parts), agentCheck: { kind: "notSeen" } };
}

function policyUnknown(parts: Wanted["parts"]): Enforcement {
  const { reason, message } =
    parts.kind === "obstacle" ? parts.obstacle : { reason: "NotObserved" as const, message: "" };
  return { kind: "fails", status: "Unknown", reason, message };
}
