import type { Reason } from "../../../crds/reasons.ts";
import { gitGateReady } from "../git/git-gate-ready.ts";
import type { Observed } from "../observed.ts";
import type { Obstacle } from "../obstacle.ts";
import type { PlanEnd, RunRequest } from "./plan.ts";
import { areSecretsUsable, isYoung } from "./readiness.ts";

/** A bottle that is as asked is looked at again after this time. */
const WATCH_AGAIN_MS = 20_000;
const LOOK_AGAIN_MS = 1_000;
/** a link that was just started answers within moments */
const LINK_AGAIN_MS = 40;
const LINK_IS_YOUNG_MS = 3_000;
const CHECK_AGAIN_MS = 5_000;
/** a remote is checked within moments when its host answers */
const GIT_AGAIN_MS = 250;
const GIT_IS_NEW_MS = 15_000;
/** pushes and refreshes show in status after this time */
const WATCH_GIT_MS = 5_000;

/** How a pass ends that found nothing to do: all is well, or something is waited for. */
export function endOfStandstill(request: RunRequest, observed: Observed): PlanEnd {
  const { wanted, enforcement, agentCheck } = observed;
  if (wanted.parts.kind === "obstacle") return endOf(wanted.parts.obstacle);
  const { secretsObstacle } = wanted;
  if (secretsObstacle !== undefined && !areSecretsUsable(observed)) return endOf(secretsObstacle);
  if (enforcement.kind === "fails") {
    const { reason, message } = enforcement;
    // what has the name of the sidecars and is something else is for a person to look at
    if (reason === "SandboxNameTaken") return { kind: "stalled", reason, message };
    return waiting(isLinkSettling(request, observed) ? LINK_AGAIN_MS : LOOK_AGAIN_MS, enforcement);
  }
  if (agentCheck.kind === "failed") {
    return waiting(CHECK_AGAIN_MS, { reason: "CheckFailed", message: agentCheck.message });
  }
  if (agentCheck.kind === "notSeen") {
    return waiting(LOOK_AGAIN_MS, { reason: "NotRunning", message: "the agent is to be started again" });
  }
  return endOfGit(request, observed);
}

/** All but the git remotes is as asked. */
function endOfGit({ bottle, now, untilMs = Infinity }: RunRequest, observed: Observed): PlanEnd {
  const { status, reason, message } = gitGateReady(observed);
  if (status === "Unknown") {
    const before = bottle.status?.conditions?.find(({ type }) => type === "GitGateReady");
    const isNew = before?.status !== "Unknown" || isRecent(before.lastTransitionTime, now);
    return waiting(isNew ? GIT_AGAIN_MS : LOOK_AGAIN_MS, { reason: reason as Reason, message });
  }
  const watchMs = reason === "NoRemotes" ? WATCH_AGAIN_MS : WATCH_GIT_MS;
  return { kind: "steady", afterMs: Math.min(watchMs, untilMs) };
}

const isRecent = (time: string, now: Date): boolean => now.getTime() - Date.parse(time) < GIT_IS_NEW_MS;

/** the airlock was started just now and may not listen yet */
function isLinkSettling({ now }: RunRequest, { parts, enforcement }: Observed): boolean {
  const { airlock } = parts.sandboxes;
  const isProbe = enforcement.kind === "fails" && enforcement.reason === "ProbeFailed";
  return isProbe && airlock?.phase === "running" && isYoung(airlock, now, LINK_IS_YOUNG_MS);
}

function endOf({ reason, message, end }: Obstacle): PlanEnd {
  return end === "stalled" ? { kind: "stalled", reason, message } : waiting(end.waitMs, { reason, message });
}

const waiting = (afterMs: number, why: Pick<Obstacle, "reason" | "message">): PlanEnd => ({
  kind: "progress",
  afterMs,
  reason: why.reason,
  message: why.message,
});
