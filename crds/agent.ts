import { z } from "zod";
import { GitUser } from "./class-fields.ts";
import { Condition } from "./condition.ts";
import { API_VERSION } from "./group.ts";
import { ObjectMeta } from "./metadata.ts";

export const AgentSpec = z.strictObject({
  classRef: z.strictObject({ name: z.string().min(1).max(253) }).optional(),
  prompt: z.string().max(262_144).optional().describe("system prompt of the agent"),
  skills: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/))
    .max(64)
    .optional()
    .describe("names of skills on the host"),
  git: z.strictObject({ user: GitUser.optional() }).optional(),
});
export type AgentSpec = z.infer<typeof AgentSpec>;

export const AgentStatus = z.strictObject({
  observedGeneration: z.int().optional(),
  conditions: z.array(Condition).optional(),
});

/** Who works in a bottle. Carries no credential and no route, so a repository may ship it. */
export const Agent = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("Agent"),
  metadata: ObjectMeta,
  spec: AgentSpec.optional(),
  status: AgentStatus.optional(),
});
export type Agent = z.infer<typeof Agent>;
