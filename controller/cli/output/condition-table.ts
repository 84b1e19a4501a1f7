import type { KubeCondition } from "../api/objects.ts";
import { ageOf } from "../clock.ts";
import { formatTableWithText } from "./table.ts";

/** Conditions as a table. */
export function conditionTable(conditions: readonly KubeCondition[]): string {
  const rows = conditions.map((each) => [
    each.type,
    each.status,
    each.reason,
    ageOf(each.lastTransitionTime),
    each.message,
  ]);
  return formatTableWithText(["CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"], rows);
}
