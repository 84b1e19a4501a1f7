import { z } from "zod";
import { ObjectMeta } from "./metadata.ts";
import type { ResourceDefinition } from "./resources.ts";

/** Hosts (`host[:port]`, comma-separated) to which the owner of a Secret binds its values. */
export const HOSTS_ANNOTATION = "bot-bottle.dev/hosts";

export const Namespace = z.looseObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Namespace"),
  metadata: ObjectMeta,
});
export type Namespace = z.infer<typeof Namespace>;

/** A Secret as it is stored and read: key names with empty values. Values live elsewhere, in memory. */
export const Secret = z.looseObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Secret"),
  metadata: ObjectMeta,
  type: z.string().optional(),
  data: z.record(z.string(), z.string()).optional(),
});
export type Secret = z.infer<typeof Secret>;

export const Event = z.looseObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Event"),
  metadata: ObjectMeta,
  involvedObject: z.looseObject({
    apiVersion: z.string(),
    kind: z.string(),
    namespace: z.string().optional(),
    name: z.string(),
    uid: z.string().optional(),
  }),
  reason: z.string(),
  message: z.string(),
  type: z.enum(["Normal", "Warning"]),
  count: z.int().optional(),
  firstTimestamp: z.string().nullish(),
  lastTimestamp: z.string().nullish(),
  source: z.looseObject({ component: z.string().optional() }).optional(),
});
export type Event = z.infer<typeof Event>;

const core = { group: "", version: "v1", categories: [], printerColumns: [] };

export const namespaces: ResourceDefinition<Namespace> = {
  ...core,
  kind: "Namespace",
  plural: "namespaces",
  singular: "namespace",
  shortNames: ["ns"],
  namespaced: false,
  hasStatus: true,
  schema: Namespace,
};
export const secrets: ResourceDefinition<Secret> = {
  ...core,
  kind: "Secret",
  plural: "secrets",
  singular: "secret",
  shortNames: [],
  namespaced: true,
  hasStatus: false,
  schema: Secret,
};
export const events: ResourceDefinition<Event> = {
  ...core,
  kind: "Event",
  plural: "events",
  singular: "event",
  shortNames: ["ev"],
  namespaced: true,
  hasStatus: false,
  schema: Event,
};

/** Kinds of core v1 that the embedded server stores. Pods are virtual and not among them. */
export const coreDefinitions: readonly ResourceDefinition[] = [namespaces, secrets, events];
