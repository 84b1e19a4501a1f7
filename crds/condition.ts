import * as z from "zod";

/** One observed aspect of an object (Kubernetes API conventions, "Typical status properties"). */
export const Condition = z.strictObject({
  type: z.string().describe("state that the condition speaks of, CamelCase"),
  status: z.enum(["True", "False", "Unknown"]).describe("Unknown means: was not seen"),
  reason: z.string().describe("cause, one of the constants of this API"),
  message: z.string().describe("sentence for people; never parsed"),
  observedGeneration: z.int().optional().describe("metadata.generation that the condition was computed from"),
  lastTransitionTime: z.string().describe("moment when status last changed, RFC 3339"),
});
export type Condition = z.infer<typeof Condition>;

/** At most one condition of each type. */
export const Conditions = z
  .array(Condition)
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] });

/** A condition as a pass computes it, before generation and time are known. */
export type ConditionDraft = Pick<Condition, "type" | "status" | "reason" | "message">;
