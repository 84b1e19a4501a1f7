import * as z from "zod";

export const OwnerReference = z.looseObject({
  apiVersion: z.string().describe("group and version of the owner"),
  kind: z.string().describe("kind of the owner"),
  name: z.string().describe("name of the owner"),
  uid: z.string().describe("identity of the owner"),
  controller: z.boolean().optional().describe("whether the owner is the one that manages this object"),
});
export type OwnerReference = z.infer<typeof OwnerReference>;

/** metadata as the API server returns it; fields that nobody here uses pass through. */
export const ObjectMeta = z.looseObject({
  name: z.string().describe("name of the object, unique in its namespace and kind"),
  namespace: z.string().optional().describe("namespace of the object"),
  uid: z.string().describe("identity of this very object; given by the server"),
  resourceVersion: z
    .string()
    .describe("changes with each write; send it back to refuse a write on top of somebody else's"),
  generation: z.int().optional().describe("grows with each change of the spec; given by the server"),
  creationTimestamp: z.string().describe("moment when the object was created; given by the server"),
  deletionTimestamp: z
    .string()
    .optional()
    .describe("moment when the deletion began; the object stays until its finalizers are gone"),
  finalizers: z.array(z.string()).optional().describe("who must clean up before the object goes"),
  labels: z.record(z.string(), z.string()).optional().describe("short words to select objects by"),
  annotations: z
    .record(z.string(), z.string())
    .optional()
    .describe("text for tools and people; not for selecting"),
  ownerReferences: z.array(OwnerReference).optional().describe("objects that this one goes with"),
});
export type ObjectMeta = z.infer<typeof ObjectMeta>;

/** What every object of the API has, whatever its kind. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}
