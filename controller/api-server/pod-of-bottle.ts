import { API_VERSION } from "../../crds/group.ts";
import type { Bottle } from "../../crds/bottle.ts";
import type { Condition } from "../../crds/condition.ts";
import type { ConditionType } from "../../crds/reasons.ts";
import type { SandboxRole } from "../../reconcilers/contract/sandbox-runtime.ts";
import type { Pod } from "./pod-definition.ts";

/** The containers of a bottle's Pod, the agent first: kubectl takes the first when none is named. */
export const CONTAINERS: readonly SandboxRole[] = ["agent", "sidecars", "airlock"];

/** The condition that says of each container whether it does its work. */
const CONDITION_OF: Readonly<Record<SandboxRole, ConditionType>> = {
  agent: "AgentRunning",
  sidecars: "EgressEnforced",
  airlock: "EgressEnforced",
};

/** A Bottle as a Pod of the same name and uid. What was not seen counts as not ready. */
export function podOfBottle(bottle: Bottle): Pod {
  const { metadata, status } = bottle;
  const conditions = status?.conditions ?? [];
  const find = (type: ConditionType): Condition | undefined => conditions.find((each) => each.type === type);
  const agent = find("AgentRunning");
  const runs = agent?.status === "True";
  const cause = runs ? undefined : (find("Ready") ?? agent);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...metadata,
      annotations: { "kubectl.kubernetes.io/default-container": "agent" },
      ownerReferences: [ownerOf(bottle)],
    },
    spec: {
      containers: CONTAINERS.map((name) => ({
        name,
        image: imageOf(bottle, name),
        // kubectl attach gives up its terminal unless the container has one.
        ...(name === "agent" ? { stdin: true, tty: true } : {}),
      })),
      ...(status?.runtime === undefined ? {} : { nodeName: status.runtime }),
      restartPolicy: "Never",
    },
    status: {
      phase: runs ? "Running" : "Pending",
      ...(cause === undefined ? {} : { reason: cause.reason, message: cause.message }),
      conditions: conditions.map(podConditionOf),
      containerStatuses: CONTAINERS.map((name) => containerStatusOf(bottle, name, find(CONDITION_OF[name]))),
      startTime: metadata.creationTimestamp,
    },
  };
}

const ownerOf = ({ metadata }: Bottle): NonNullable<Pod["metadata"]["ownerReferences"]>[number] => ({
  apiVersion: API_VERSION,
  kind: "Bottle",
  name: metadata.name,
  uid: metadata.uid,
  controller: true,
});

const podConditionOf = ({ type, status, reason, message, lastTransitionTime }: Condition): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime,
});

function containerStatusOf(
  bottle: Bottle,
  name: SandboxRole,
  condition: Condition | undefined,
): Pod["status"]["containerStatuses"][number] {
  const ready = condition?.status === "True";
  const { reason = "NotObserved", message = "", lastTransitionTime } = condition ?? {};
  return {
    name,
    ready,
    started: ready,
    restartCount: 0,
    image: imageOf(bottle, name),
    imageID: "",
    state: ready ? { running: { startedAt: lastTransitionTime } } : { waiting: { reason, message } },
  };
}

/** Only the agent's image is told in the Bottle's status; the others are the product's own. */
const imageOf = ({ status }: Bottle, name: SandboxRole): string =>
  name === "agent" ? (status?.image ?? "") : `bot-bottle/${name}`;
