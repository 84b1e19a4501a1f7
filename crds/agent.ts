import * as z from "zod";
import { GitUser } from "./git.ts";
import { Conditions } from "./condition.ts";
import { API_VERSION } from "./group.ts";
import { setOf } from "./lists.ts";
import { ObjectMeta } from "./metadata.ts";
import { NameRef } from "./object-ref.ts";
import { lines } from "./text.ts";

const Skill = z
  .string()
  .max(63)
  .regex(/^[a-z0-9][a-z0-9_-]*$/, "must be the name of a skill: lower-case letters, digits, '-' and '_'");

export const AgentSpec = z.strictObject({
  classRef: NameRef.optional().describe("BottleClass for Bottles that name this Agent and no class"),
  prompt: lines(262_144).optional().describe("system prompt of the agent"),
  skills: setOf(Skill, 64).optional().describe("names of skills on the host"),
  git: z
    .strictObject({
      user: GitUser.optional().describe(
        "author of the agent's commits; over the class's, under the Bottle's",
      ),
    })
    .optional()
    .describe("git settings in the bottle"),
});
export type AgentSpec = z.infer<typeof AgentSpec>;

const AgentStatus = z.strictObject({
  observedGeneration: z.int().optional().describe("metadata.generation that the status speaks of"),
  conditions: Conditions.optional().describe("observed aspects of the agent"),
});

/** Who works in a bottle. Carries no credential and no route, so a repository may ship it. */
export const Agent = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("Agent"),
    metadata: ObjectMeta,
    spec: AgentSpec.optional().describe("who works and how"),
    status: AgentStatus.optional().describe("what was observed; written by the controller"),
  })
  .describe(
    "Agent says who works in a bottle: prompt, skills and git author. It carries no credential and no route, so a repository may ship it.",
  );
export type Agent = z.infer<typeof Agent>;
