import { z } from "zod";
import { classFields } from "./class-fields.ts";
import { Condition } from "./condition.ts";
import { API_VERSION } from "./group.ts";
import { ObjectMeta } from "./metadata.ts";

export const BottleClassSpec = z.strictObject({
  extends: z.string().max(253).optional().describe("BottleClass that this one overlays"),
  ...classFields,
});
export type BottleClassSpec = z.infer<typeof BottleClassSpec>;

export const BottleClassStatus = z.strictObject({
  observedGeneration: z.int().optional(),
  conditions: z.array(Condition).optional(),
});

/** The boundary of an agent, written once by the owner of the machine; cluster-scoped. */
export const BottleClass = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("BottleClass"),
  metadata: ObjectMeta,
  spec: BottleClassSpec.optional(),
  status: BottleClassStatus.optional(),
});
export type BottleClass = z.infer<typeof BottleClass>;
