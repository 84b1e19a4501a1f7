import * as z from "zod";

const BudgetStatus = z.strictObject({
  route: z.string().describe("name of the route; empty: of all routes together"),
  recentRequests: z.int().describe("requests of the minute before it was written"),
  requestBytes: z.int().describe("bytes that requests carried out"),
  modelTokens: z.int().describe("tokens that model APIs reported as used"),
  isExceeded: z.boolean().describe("whether a request was refused because the budget is spent"),
});

export const EgressStatus = z.strictObject({
  spent: z
    .array(BudgetStatus)
    .optional()
    .describe(
      "what was spent of each budget, as it was last written; outlives the sidecars, and is written when a hundredth more of a limit is spent",
    ),
});
export type EgressStatus = z.infer<typeof EgressStatus>;
