import type { Bottle } from "../../crds/bottle.ts";
import type { Condition, ConditionDraft } from "../../crds/condition.ts";
import { CONDITIONS } from "../../crds/reasons.ts";
import { bottles } from "../../crds/resources.ts";
import { mergeConditions } from "../contract/conditions.ts";
import { InvalidError } from "../contract/errors.ts";
import type { ResourceClient } from "../contract/resource-client.ts";

/** Absent when they do not hold, so that what is not known is not said. */
const ABSENT_WHEN_UNKNOWN: readonly string[] = ["Reconciling", "Stalled"];

/**
 * Makes every condition of every Bottle `Unknown` until a pass has looked. For the start of a controller, before
 * anybody can read: what another process saw hours ago must not end somebody's wait for `Ready`.
 */
export async function forgetObservations(client: ResourceClient, now: Date): Promise<void> {
  const { signal } = new AbortController();
  const { items } = await client.list(bottles, {}, signal);
  for (const bottle of items) {
    const { namespace, name, generation = 0 } = bottle.metadata;
    const before = conditionsOf(bottle);
    const about = { owned: Object.keys(CONDITIONS), generation, now };
    const conditions = mergeConditions(before, before.filter(isForgettable).map(unknown), about);
    try {
      if (before.length > 0) await client.patchStatus(bottles, { namespace, name }, { conditions }, signal);
    } catch (error) {
      // one that an older version took: its first pass says what is wrong with it
      if (!(error instanceof InvalidError)) throw error;
    }
  }
}

const conditionsOf = ({ status }: Bottle): readonly Condition[] => status?.conditions ?? [];

const isForgettable = ({ type }: Condition): boolean =>
  type in CONDITIONS && !ABSENT_WHEN_UNKNOWN.includes(type);

const unknown = ({ type }: Condition): ConditionDraft => ({
  type,
  status: "Unknown",
  reason: "NotObserved",
  message: "not looked at since the control plane started",
});
