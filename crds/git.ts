import * as z from "zod";
import { namedList } from "./lists.ts";
import { GitRemote } from "./git-remote.ts";
import { line } from "./text.ts";

// git itself strips < and > from names; a value that it would change is refused instead.
const identity = () =>
  line(256)
    .min(1)
    .regex(/^[^<>]*$/, "must not have < or >");

export const GitUser = z.strictObject({
  name: identity().optional().describe("user.name of commits"),
  email: identity().optional().describe("user.email of commits"),
});
export type GitUser = z.infer<typeof GitUser>;

export const Git = z.strictObject({
  user: GitUser.optional().describe("author of the agent's commits; merged by field"),
  remotes: namedList(GitRemote, 32)
    .optional()
    .describe(
      "repositories that the agent may clone, fetch and push through the gate; merged by name, [] clears",
    ),
});
export type Git = z.infer<typeof Git>;
