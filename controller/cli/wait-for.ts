import { CONDITIONS } from "../../crds/reasons.ts";
import type { ApiClient } from "./api/api-client.ts";
import { conditionOf, type KubeCondition, type KubeObject } from "./api/objects.ts";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./context.ts";
import { limitedBy } from "./options.ts";
import { startProgress, type Progress } from "./output/progress.ts";
import { until, untilDeleted, type Awaited } from "./until.ts";

/** A condition and the status it should have, or that the object should be gone. */
export type Wanted = { readonly type: string; readonly status: string } | "delete";

/** Waits with progress; throws CliError with the object's own words when the time is over or waiting is in vain. */
export async function waitFor(
  context: CommandContext,
  client: ApiClient,
  about: { readonly awaited: Awaited; readonly wanted: Wanted; readonly timeoutMs: number },
): Promise<void> {
  const { awaited, wanted } = about;
  const called = `${awaited.resource.singular} ${awaited.name}`;
  const progress = startProgress(context.terminal, `waiting for ${called}`);
  const signal = limitedBy(context.signal, about.timeoutMs);
  let last: KubeObject | undefined;
  const look = (object: KubeObject | undefined): boolean => {
    last = object ?? last;
    return wanted !== "delete" && holds(object, { called, wanted, progress });
  };
  try {
    await (wanted === "delete"
      ? untilDeleted(client, awaited, signal)
      : until(client, awaited, look, signal));
  } catch (error) {
    if (!signal.aborted || context.signal.aborted) throw error;
    throw timedOut(called, wanted, last);
  } finally {
    progress.done();
  }
}

interface Looking {
  readonly called: string;
  readonly wanted: { readonly type: string; readonly status: string };
  readonly progress: Progress;
}

function holds(object: KubeObject | undefined, { called, wanted, progress }: Looking): boolean {
  if (object === undefined) {
    throw new CliError(`${called} does not exist`, {
      next: "bb get shows what there is; -n names another namespace",
    });
  }
  const condition = conditionOf(object, wanted.type);
  if (isCurrent(object, condition) && isSame(condition?.status, wanted.status)) return true;
  if (isSame(wanted.type, "Ready") && isSame(wanted.status, "True")) throwIfStalled(object, called);
  const reason = condition === undefined ? "" : `: ${condition.reason}: ${firstLine(condition.message)}`;
  progress.step(`waiting for ${called} to be ${wanted.type}=${wanted.status}${reason}`);
  return false;
}

const firstLine = (text: string): string => text.split("\n")[0] ?? "";

/** Waiting for a bottle that only a new spec can help is in vain. */
function throwIfStalled(object: KubeObject, called: string): void {
  const stalled = conditionOf(object, "Stalled");
  if (stalled?.status !== "True" || !isCurrent(object, stalled)) return;
  throw new CliError(`${called} cannot become ready: ${stalled.reason}: ${stalled.message}`, {
    next: `change what it says, then bb apply -f FILE; bb describe ${called} has more`,
  });
}

/** Whether a condition speaks of the spec as it is now. */
function isCurrent(object: KubeObject, condition: KubeCondition | undefined): boolean {
  return (condition?.observedGeneration ?? 0) >= (object.metadata.generation ?? 0);
}

function isSame(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

function timedOut(called: string, wanted: Wanted, last: KubeObject | undefined): CliError {
  const why = wanted === "delete" || last === undefined ? "" : whyNot(last, wanted.type);
  const what = wanted === "delete" ? "gone" : `${wanted.type}=${wanted.status}`;
  return new CliError(`${called} is not ${what} in time${why}`, {
    next: `bb describe ${called} has more; --timeout waits longer`,
  });
}

function whyNot(last: KubeObject, type: string): string {
  const condition = conditionOf(last, type) ?? (type in CONDITIONS ? conditionOf(last, "Ready") : undefined);
  if (condition !== undefined) return `: ${condition.reason}: ${condition.message}`;
  const has = (last.status?.conditions ?? []).map((each) => each.type).join(", ");
  return `: it has no condition ${type}${has === "" ? "" : `, only ${has}`}`;
}
