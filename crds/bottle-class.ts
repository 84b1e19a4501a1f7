import * as z from "zod";
import { classFields } from "./class-fields.ts";
import { Conditions } from "./condition.ts";
import { API_VERSION } from "./group.ts";
import { ObjectMeta } from "./metadata.ts";
import { ObjectName } from "./names.ts";
import { type Rule, withRules } from "./rules.ts";

export const BottleClassSpec = z.strictObject({
  extends: ObjectName.optional().describe("BottleClass that this one overlays"),
  ...classFields,
});
export type BottleClassSpec = z.infer<typeof BottleClassSpec>;

const BottleClassStatus = z.strictObject({
  observedGeneration: z.int().optional().describe("metadata.generation that the status speaks of"),
  conditions: Conditions.optional().describe("observed aspects of the class"),
});

const Fields = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("BottleClass"),
  metadata: ObjectMeta,
  spec: BottleClassSpec.optional().describe("what bottles of this class are given"),
  status: BottleClassStatus.optional().describe("what was observed; written by the controller"),
});

const NOT_ITSELF: Rule<z.infer<typeof Fields>> = {
  holds: (self) => self.spec?.extends === undefined || self.spec.extends !== self.metadata.name,
  cel: "!has(self.spec) || !has(self.spec.extends) || self.spec.extends != self.metadata.name",
  message: "is the class itself: name another class, or leave it out",
  at: ["spec", "extends"],
};

/** The boundary of an agent, written once by the owner of the machine; cluster-scoped. */
export const BottleClass = withRules(Fields, [NOT_ITSELF]).describe(
  "BottleClass is the boundary of an agent, written once by the owner of the machine. Bottles name it in classRef; its fields lie under theirs.",
);
export type BottleClass = z.infer<typeof BottleClass>;
