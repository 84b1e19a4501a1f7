import type { Bottle } from "../../crds/bottle.ts";
import type { Pass } from "../contract/reconciler.ts";
import type { SandboxRuntime } from "../contract/sandbox-runtime.ts";
import type { ProviderCheck } from "../providers/index.ts";
import type { AgentCheck, AgentChecks } from "./agent-checks.ts";
import type { EffectiveBottle } from "./effective-bottle.ts";
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
  const effective = await dependencies.wanted.effective(bottle, pass.signal);
  const partsSoon = observeParts(bottle, dependencies.runtime, pass);
  if (effective.kind === "obstacle") return unknownWanted(bottle, await partsSoon, effective.obstacle);
  const [parts, wanted] = await Promise.all([
    partsSoon,
    dependencies.wanted.read(bottle, effective.value, partsSoon, pass),
  ]);
  const sidecarsSpec = wanted.parts.kind === "found" ? wanted.parts.value.sandboxes.sidecars : undefined;
  const enforcement: Enforcement =
    wanted.policy === undefined
      ? policyUnknown(wanted.parts)
      : await dependencies.enforcement.observe(parts, wanted.policy, sidecarsSpec, pass);
  const checks = checksOf(effective.value);
  const agentCheck = await checkAgent({ parts, wanted, enforcement }, checks, dependencies, pass);
  return { parts, wanted, enforcement, agentCheck };
}

/** The product's own images are what they say they are; somebody else's is asked. */
function checksOf({ fields, provider }: EffectiveBottle): readonly ProviderCheck[] {
  const isOwnImage = fields.provider?.image === undefined && fields.provider?.dockerfile === undefined;
  return isOwnImage ? [] : provider.checks;
}

async function checkAgent(
  { parts: { sandboxes }, wanted, enforcement }: Omit<Observed, "agentCheck">,
  checks: readonly ProviderCheck[],
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
function unknownWanted({ status }: Bottle, parts: Parts, obstacle: Obstacle): Observed {
  const wanted: Wanted = {
    policy: undefined,
    parts: { kind: "obstacle", obstacle },
    secretsObstacle: undefined,
    deployKeys: { states: new Map(), notes: status?.git?.deployKeys ?? [], leftovers: [] },
    keptFiles: { files: [], hash: "" },
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
