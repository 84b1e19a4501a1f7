import { isDeepStrictEqual } from "node:util";
import type { Bottle, BottleStatus } from "../../crds/bottle.ts";
import type { ConditionDraft } from "../../crds/condition.ts";
import { CONDITIONS, type Reason } from "../../crds/reasons.ts";
import { bottles } from "../../crds/resources.ts";
import { mergeConditions, type ReadyRule, summarizeReady } from "../contract/conditions.ts";
import type { EventRecorder } from "../contract/event-recorder.ts";
import type { Pass } from "../contract/reconciler.ts";
import type { ResourceClient } from "../contract/resource-client.ts";

/** In this order: the first that is not met is the reason that people see. */
const READY_RULES: readonly ReadyRule[] = [
  { type: "Stalled", wants: "False" },
  { type: "Suspended", wants: "False" },
  { type: "Reconciling", wants: "False" },
  { type: "RuntimeHealthy", wants: "True" },
  { type: "SecretsAvailable", wants: "True" },
  { type: "EgressEnforced", wants: "True" },
  { type: "AgentRunning", wants: "True" },
  { type: "GitGateReady", wants: "True" },
];

/** Reasons not to be ready that somebody asked for, or that pass by themselves: nothing to warn of. */
const EXPECTED: readonly Reason[] = [
  "Progressing",
  "Checking",
  "ImageBuilding",
  "AskedToSuspend",
  "ShutdownTimeReached",
  "Terminating",
];

/** The fields of status that a pass saw; absent ones stay as they are. */
export type StatusFacts = Omit<BottleStatus, "conditions" | "observedGeneration">;

export interface StatusUpdate {
  /** all but Ready */
  readonly conditions: readonly ConditionDraft[];
  readonly facts: StatusFacts;
}

/** Writes status once, if it says anything new. Throws ConflictError when the Bottle changed meanwhile. */
export async function writeStatus(
  bottle: Bottle,
  update: StatusUpdate,
  { client, events }: { readonly client: ResourceClient; readonly events: EventRecorder },
  pass: Pass,
): Promise<void> {
  const ready = summarizeReady(update.conditions, READY_RULES);
  const status = nextStatus(bottle, ready, update, pass);
  if (isDeepStrictEqual(bottle.status, status)) return;
  const { namespace, name, resourceVersion } = bottle.metadata;
  await client.patchStatus(bottles, { namespace, name, resourceVersion }, status, pass.signal);
  if (!isNews(bottle, ready)) return;
  const type =
    ready.status === "True" || EXPECTED.some((each) => each === ready.reason) ? "Normal" : "Warning";
  events.record(bottle, { type, reason: ready.reason, message: ready.message });
}

function nextStatus(
  { metadata: { generation = 0 }, status: before }: Bottle,
  ready: ConditionDraft,
  { conditions: computed, facts }: StatusUpdate,
  { now }: Pass,
): BottleStatus {
  const owned = Object.keys(CONDITIONS);
  const conditions = mergeConditions(before?.conditions ?? [], [ready, ...computed], {
    owned,
    generation,
    now,
  });
  return { ...before, ...facts, observedGeneration: generation, conditions };
}

function isNews({ status }: Bottle, ready: ConditionDraft): boolean {
  const before = status?.conditions?.find(({ type }) => type === "Ready");
  return before?.status !== ready.status || before.reason !== ready.reason;
}
