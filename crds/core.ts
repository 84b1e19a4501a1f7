import * as z from "zod";
import { ObjectMeta } from "./metadata.ts";
import type { ResourceDefinition } from "./resources.ts";

/** Hosts (`host[:port]`, comma-separated) to which the owner of a Secret binds its values. */
export const HOSTS_ANNOTATION = "bot-bottle.dev/hosts";

export const Namespace = z
  .looseObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("Namespace"),
    metadata: ObjectMeta,
  })
  .describe("Namespace groups objects; names are unique inside it.");
export type Namespace = z.infer<typeof Namespace>;

/** A Secret as it is stored and read: key names with empty values. Values live elsewhere, in memory. */
export const Secret = z
  .strictObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("Secret"),
    metadata: ObjectMeta,
    type: z.string().optional().describe("kind of secret; default Opaque; never changes"),
    immutable: z.boolean().optional().describe("whether keys and values can never change"),
    data: z.record(z.string(), z.string()).optional().describe("values in base64; read back empty"),
    stringData: z
      .record(z.string(), z.string())
      .optional()
      .describe("values as text, write-only: merged into data"),
  })
  .describe("Secret holds values that routes inject. A read returns its keys and never a value.");
export type Secret = z.infer<typeof Secret>;

export const Event = z
  .looseObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("Event"),
    metadata: ObjectMeta,
    involvedObject: z
      .looseObject({
        apiVersion: z.string().describe("group and version of the object"),
        kind: z.string().describe("kind of the object"),
        namespace: z.string().optional().describe("namespace of the object"),
        name: z.string().describe("name of the object"),
        uid: z.string().optional().describe("identity of the object"),
      })
      .describe("object that the Event is about"),
    reason: z.string().describe("cause, one of the constants of this API"),
    message: z.string().describe("sentence for people"),
    type: z.enum(["Normal", "Warning"]).describe("Warning: somebody should look"),
    count: z.int().optional().describe("how often it happened"),
    firstTimestamp: z.string().nullish().describe("moment when it happened first"),
    lastTimestamp: z.string().nullish().describe("moment when it happened last"),
    source: z
      .looseObject({ component: z.string().optional().describe("name of the component") })
      .optional()
      .describe("who says so"),
  })
  .describe("Event says that something happened to an object.");
export type Event = z.infer<typeof Event>;

const core = { group: "", version: "v1", categories: [], printerColumns: [] };

export const namespaces: ResourceDefinition<Namespace> = {
  ...core,
  kind: "Namespace",
  plural: "namespaces",
  singular: "namespace",
  shortNames: ["ns"],
  namespaced: false,
  maxNameLength: 63,
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
