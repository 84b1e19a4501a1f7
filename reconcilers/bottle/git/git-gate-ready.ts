import type { ConditionDraft } from "../../../crds/condition.ts";
import type { Reason } from "../../../crds/reasons.ts";
import type { Observed } from "../observed.ts";
import { remoteStates } from "./remote-states.ts";

/** Whether every remote can be used. It never freezes the agent: what it lacks is a remote, not a wall. */
export function gitGateReady(observed: Observed): ConditionDraft {
  const { policy, deployKeys } = observed.wanted;
  const states = policy?.remotes.length === 0 ? [] : remoteStates(observed);
  if (states === undefined) {
    return draft("Unknown", "NotObserved", "the sidecars have not said anything of the git remotes yet");
  }
  const inTheWay = states.filter((remote) => remote.state !== "ready");
  const worst = inTheWay.find(({ state }) => state === "failed") ?? inTheWay[0];
  if (worst !== undefined) {
    const status = worst.state === "failed" ? "False" : "Unknown";
    return draft(status, worst.reason, `remote ${worst.name}: ${worst.message}`);
  }
  const left = deployKeys.leftovers.find(({ problem }) => problem !== undefined);
  if (left?.problem !== undefined) return draft("False", "DeployKeyFailed", left.problem);
  return states.length === 0
    ? draft("True", "NoRemotes", "the bottle has no git remotes")
    : draft("True", "RemotesReady", "every git remote can be used");
}

const draft = (status: ConditionDraft["status"], reason: Reason, message: string): ConditionDraft => ({
  type: "GitGateReady",
  status,
  reason,
  message,
});
