import * as z from "zod";
import { type Rule, withRules } from "./rules.ts";

const Fields = z.strictObject({
  requestsPerMinute: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("requests that may begin within a minute"),
  requestBytes: z
    .int()
    .min(1)
    .optional()
    .describe("bytes that requests may carry out, heads included, over the life of the Bottle"),
  modelTokens: z
    .int()
    .min(1)
    .optional()
    .describe("tokens that model APIs may report as used, over the life of the Bottle"),
});
type Fields = z.infer<typeof Fields>;

const RULES: readonly Rule<Fields>[] = [
  {
    holds: (self) => Object.values(self).some((limit) => limit !== undefined),
    cel: "has(self.requestsPerMinute) || has(self.requestBytes) || has(self.modelTokens)",
    message: "limits nothing: give requestsPerMinute, requestBytes or modelTokens, or leave it out",
  },
];

/** How much may go out. What is spent stays spent when the sidecars are restarted; a larger number lets more out. */
export const EgressBudget = withRules(Fields, RULES);
export type EgressBudget = z.infer<typeof EgressBudget>;
