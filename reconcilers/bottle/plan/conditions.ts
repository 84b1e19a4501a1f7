import type { ConditionDraft } from "../../../crds/condition.ts";
import type { ConditionType, Reason } from "../../../crds/reasons.ts";
import { RuntimeUnavailableError } from "../../contract/errors.ts";
import { spentOf } from "../egress/budgets.ts";
import { gitGateReady } from "../git/git-gate-ready.ts";
import type { Observed } from "../observed.ts";

const runtimeAnswers = condition("RuntimeHealthy", "True", "RuntimeAnswers", "the runtime answers");

/** What is said of a Bottle that should run. */
export const runConditions = (observed: Observed): ConditionDraft[] => [
  runtimeAnswers,
  secretsAvailable(observed),
  egressEnforced(observed),
  agentRunning(observed),
  gitGateReady(observed),
  condition("Suspended", "False", "NotSuspended", "the bottle is not suspended"),
  ...troubles(observed),
];

/** Abnormal-true: present while they apply. */
function troubles(observed: Observed): ConditionDraft[] {
  const { policy } = observed.wanted;
  const spent = spentOf(observed).filter(({ isExceeded }) => isExceeded);
  const owners = spent.map(({ route }) => (route === "" ? "the bottle" : `route ${route}`));
  const message = `the budget of ${owners.join(", ")} is spent: requests are denied`;
  return [
    ...(spent.length === 0 ? [] : [condition("BudgetExceeded", "True", "BudgetSpent", message)]),
    ...(policy?.unrecorded === undefined
      ? []
      : [condition("AuditFailing", "True", "AuditNotWritten", policy.unrecorded)]),
  ];
}

/** What is said of a Bottle whose parts are being taken away, or are gone. */
export const conditionsAtEnd = (
  reason: Extract<Reason, "AskedToSuspend" | "ShutdownTimeReached" | "Terminating">,
  isDone: boolean,
): ConditionDraft[] => [
  runtimeAnswers,
  condition("AgentRunning", "False", reason, "the agent is not to run"),
  ...(reason === "Terminating"
    ? []
    : [
        isDone
          ? condition("Suspended", "True", reason, "the home is kept; everything else is removed")
          : condition("Suspended", "False", reason, "the parts are being removed"),
      ]),
];

/** What is said when a look at the world failed: nothing was seen. */
export function blindConditions(error: unknown): ConditionDraft[] {
  const isDown = error instanceof RuntimeUnavailableError;
  const reason = isDown ? "RuntimeUnavailable" : "NotObserved";
  const message = isDown ? "the runtime does not answer" : "the last look at it failed";
  return [
    ...(isDown ? [condition("RuntimeHealthy", "False", reason, error.message)] : []),
    condition("EgressEnforced", "Unknown", reason, message),
    condition("AgentRunning", "Unknown", reason, message),
    condition("GitGateReady", "Unknown", reason, message),
  ];
}

function secretsAvailable({ wanted: { policy, secretsObstacle } }: Observed): ConditionDraft {
  if (policy === undefined) {
    return condition(
      "SecretsAvailable",
      "Unknown",
      "NotObserved",
      "it is not known which secrets are needed",
    );
  }
  if (secretsObstacle !== undefined) {
    return condition("SecretsAvailable", "False", secretsObstacle.reason, secretsObstacle.message);
  }
  return condition("SecretsAvailable", "True", "SecretsFound", "every secret that is named has a value");
}

function egressEnforced({ enforcement, wanted }: Observed): ConditionDraft {
  if (enforcement.kind === "holds" && wanted.policy?.egress.mode === "audit") {
    const message = "the sidecars let through and record what no route allows (mode audit); the probe holds";
    return condition("EgressEnforced", "True", "OnlyRecorded", message);
  }
  return enforcement.kind === "holds"
    ? condition("EgressEnforced", "True", "Enforced", "the sidecars enforce the policy and the probe holds")
    : condition("EgressEnforced", enforcement.status, enforcement.reason, enforcement.message);
}

function agentRunning(observed: Observed): ConditionDraft {
  const { agent } = observed.parts.sandboxes;
  const type = "AgentRunning";
  if (agent === undefined) return condition(type, "False", "NotRunning", "the agent was not made yet");
  switch (agent.phase) {
    case "created":
      return condition(type, "False", "NotRunning", "the agent was not started yet");
    case "exited":
      return condition(
        type,
        "False",
        "NotRunning",
        `the agent's sandbox ended with code ${agent.exitCode ?? "unknown"}`,
      );
    case "paused":
      return condition(type, "False", "Frozen", "the agent is paused; its work is kept");
    case "running":
      return runningAgent(observed);
    default:
      return agent.phase satisfies never;
  }
}

function runningAgent({ agentCheck, wanted }: Observed): ConditionDraft {
  const type = "AgentRunning";
  switch (agentCheck.kind) {
    case "passed":
      return condition(
        type,
        "True",
        "Running",
        `the agent's sandbox runs and has the CA ${wanted.caFingerprint}`,
      );
    case "failed":
      return condition(type, "False", "CheckFailed", agentCheck.message);
    case "notSeen":
      return condition(type, "False", "Checking", "the agent's sandbox runs and is not checked yet");
    default:
      return agentCheck satisfies never;
  }
}

function condition(
  type: ConditionType,
  status: ConditionDraft["status"],
  reason: Reason,
  message: string,
): ConditionDraft {
  return { type, status, reason, message };
}
