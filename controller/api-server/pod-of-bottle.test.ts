import { describe, expect, it } from "vitest";
import type { Bottle } from "../../crds/bottle.ts";
import { podTable } from "./core-tables.ts";
import { Pod } from "./pod-definition.ts";
import { podOfBottle } from "./pod-of-bottle.ts";

const aBottle = (
  conditions: [type: string, status: "True" | "False" | "Unknown", reason: string][] = [],
): Bottle => ({
  apiVersion: "bot-bottle.dev/v1alpha1",
  kind: "Bottle",
  metadata: {
    name: "hello",
    namespace: "default",
    uid: "uid-1",
    resourceVersion: "7",
    creationTimestamp: "2026-06-01T11:59:00Z",
    labels: { team: "blue" },
    annotations: { secret: "not for Pods" },
    finalizers: ["bot-bottle.dev/bottle"],
  },
  spec: {},
  status: {
    runtime: "docker",
    image: "sha256:abc",
    conditions: conditions.map(([type, status, reason]) => ({
      ...{ type, status, reason, message: reason.toLowerCase(), lastTransitionTime: "2026-06-01T11:59:30Z" },
    })),
  },
});

const cellsOf = (bottle: Bottle): readonly unknown[] =>
  podTable.cells(podOfBottle(bottle), new Date("2026-06-01T12:00:00Z")).slice(0, 5);

describe("podOfBottle", () => {
  it("has the name, uid, labels and version of the Bottle, and is owned by it", () => {
    const pod = podOfBottle(aBottle());
    expect(Pod.safeParse(pod).success).toBe(true);
    expect(pod.metadata).toMatchObject({
      name: "hello",
      uid: "uid-1",
      resourceVersion: "7",
      labels: { team: "blue" },
    });
    expect(pod.metadata.ownerReferences).toMatchObject([{ kind: "Bottle", name: "hello", uid: "uid-1" }]);
    expect(pod.metadata.annotations).toEqual({ "kubectl.kubernetes.io/default-container": "agent" });
  });

  it("has the containers agent, sidecars and airlock, the agent with a terminal", () => {
    expect(podOfBottle(aBottle()).spec.containers).toMatchObject([
      { name: "agent", tty: true, stdin: true, image: "sha256:abc" },
      { name: "sidecars" },
      { name: "airlock" },
    ]);
  });

  it.each<[string, Parameters<typeof aBottle>[0], unknown[]]>([
    ["nothing was seen", [], ["hello", "0/3", "Pending", "0", "60s"]],
    [
      "an image is built",
      [["Ready", "False", "ImageBuilding"]],
      ["hello", "0/3", "ImageBuilding", "0", "60s"],
    ],
    [
      "all is well",
      [
        ["Ready", "True", "AllReady"],
        ["EgressEnforced", "True", "Enforced"],
        ["AgentRunning", "True", "Running"],
      ],
      ["hello", "3/3", "Running", "0", "60s"],
    ],
    [
      "the agent is frozen",
      [
        ["Ready", "False", "SidecarsSilent"],
        ["EgressEnforced", "Unknown", "SidecarsSilent"],
        ["AgentRunning", "False", "Frozen"],
      ],
      ["hello", "0/3", "SidecarsSilent", "0", "60s"],
    ],
  ])("shows it in a row when %s", (_, conditions, cells) => {
    expect(cellsOf(aBottle(conditions))).toEqual(cells);
  });
});
