import * as z from "zod";
import { ObjectMeta } from "../../crds/metadata.ts";
import type { ResourceDefinition } from "../../crds/resources.ts";

const Container = z.looseObject({
  name: z.string().describe("agent, sidecars or airlock"),
  image: z.string().optional().describe("image that it runs"),
  stdin: z.boolean().optional(),
  tty: z.boolean().optional(),
});

const ContainerStatus = z.looseObject({
  name: z.string(),
  ready: z.boolean().describe("whether the condition of the Bottle that speaks of it is True"),
  restartCount: z.int(),
  image: z.string(),
  imageID: z.string(),
  started: z.boolean(),
  state: z.looseObject({}).describe("running or waiting, with the reason of the Bottle's condition"),
});

/** A Bottle seen as a Pod. */
export const Pod = z
  .looseObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("Pod"),
    metadata: ObjectMeta,
    spec: z.looseObject({
      containers: z.array(Container),
      nodeName: z.string().optional().describe("runtime that the bottle is on"),
    }),
    status: z.looseObject({
      phase: z.enum(["Pending", "Running"]),
      reason: z.string().optional(),
      message: z.string().optional(),
      conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })),
      containerStatuses: z.array(ContainerStatus),
    }),
  })
  .describe("A Bottle as a Pod, read-only: what kubectl needs for logs, exec and attach.");
export type Pod = z.infer<typeof Pod>;

/** Pods are made from Bottles when they are read; nothing is stored. */
export const pods: ResourceDefinition<Pod> = {
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  singular: "pod",
  shortNames: ["po"],
  categories: ["all"],
  namespaced: true,
  hasStatus: false,
  schema: Pod,
  printerColumns: [],
};
