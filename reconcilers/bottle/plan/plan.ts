import type { Bottle } from "../../../crds/bottle.ts";
import type { ConditionDraft } from "../../../crds/condition.ts";
import type { Reason } from "../../../crds/reasons.ts";
import type { Work } from "./steps.ts";

/** A Bottle that should run, until a moment if it has an end. */
export interface RunRequest {
  readonly bottle: Bottle;
  readonly now: Date;
  readonly untilMs: number | undefined;
}

/** How a pass ends when its work succeeds. */
export type PlanEnd =
  /** not there yet: look again after this time */
  | { readonly kind: "progress"; readonly afterMs: number; readonly reason: Reason; readonly message: string }
  /** all is as asked; looked at again after this time, because time passes and sidecars can fall silent */
  | { readonly kind: "steady"; readonly afterMs: number | undefined }
  | { readonly kind: "stalled"; readonly reason: Reason; readonly message: string };

/** What to do next about one Bottle, and what to say of it. */
export interface Plan {
  readonly work: Work;
  readonly conditions: readonly ConditionDraft[];
  /** of a pass whose work succeeds */
  readonly end: PlanEnd;
}

/** The end of a pass that had something to do: the next one sees what came of it. */
export const MOVED: Extract<PlanEnd, { kind: "progress" }> = {
  kind: "progress",
  afterMs: 0,
  reason: "Progressing",
  message: "the parts are being brought to the state that is asked for",
};
