import type { ConditionDraft } from "../../crds/condition.ts";
import { DeployKeyError } from "../contract/deploy-keys.ts";
import { RuntimeUnavailableError, SandboxConflictError } from "../contract/errors.ts";
import type { Result } from "../contract/result.ts";
import { blindConditions } from "./plan/conditions.ts";
import type { Plan, PlanEnd } from "./plan/plan.ts";

/** Deploy keys stop nothing but the end of a bottle. */
const GIVE_UP =
  "the Bottle stays until it is; to give up, remove the key by hand and take the finalizer bot-bottle.dev/sandboxes off";

/** How a pass ended, for the loop and for status. */
export interface Outcome {
  readonly result: Result;
  /** all but Ready */
  readonly conditions: readonly ConditionDraft[];
  readonly succeeded: boolean;
}

/** Of a pass that did all that it planned. */
export function outcomeOf({ end, conditions }: Plan): Outcome {
  return { result: resultOf(end), conditions: [...conditions, ...progressOf(end)], succeeded: true };
}

/** Of a pass in which something threw; `plan` is undefined when it did so before anything was decided. */
export function outcomeOfFailure(error: unknown, plan: Plan | undefined): Outcome {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof SandboxConflictError) {
    const stalled: PlanEnd = { kind: "stalled", reason: "SandboxNameTaken", message };
    return {
      result: { kind: "stalled", reason: stalled.reason, error },
      conditions: [...(plan?.conditions ?? []), ...progressOf(stalled)],
      succeeded: false,
    };
  }
  const isBlind = error instanceof RuntimeUnavailableError;
  const isForge = error instanceof DeployKeyError;
  const retrying: ConditionDraft = {
    type: "Reconciling",
    status: "True",
    reason: isBlind ? "RuntimeUnavailable" : isForge ? "DeployKeyFailed" : "ProgressingWithRetry",
    message: isForge ? `${message}; ${GIVE_UP}` : message,
  };
  const seen = isBlind || plan === undefined ? blindConditions(error) : plan.conditions;
  return { result: { kind: "retry", error }, conditions: [...seen, retrying], succeeded: false };
}

function resultOf(end: PlanEnd): Result {
  switch (end.kind) {
    case "progress":
      return { kind: "wait", afterMs: end.afterMs, reason: end.reason };
    case "steady":
      return end.afterMs === undefined
        ? { kind: "settled" }
        : { kind: "wait", afterMs: end.afterMs, reason: "Watching" };
    case "stalled":
      return { kind: "stalled", reason: end.reason, error: new Error(end.message) };
    default:
      return end satisfies never;
  }
}

/** Abnormal-true: present while they apply. */
function progressOf(end: PlanEnd): ConditionDraft[] {
  if (end.kind === "steady") return [];
  const { reason, message } = end;
  return [{ type: end.kind === "stalled" ? "Stalled" : "Reconciling", status: "True", reason, message }];
}
