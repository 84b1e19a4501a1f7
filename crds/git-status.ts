import * as z from "zod";
import { SecretKeyRef } from "./secret-ref.ts";

const LastPush = z.strictObject({
  time: z.string().describe("moment when it ended, RFC 3339"),
  outcome: z
    .enum(["accepted", "rejected", "failed"])
    .describe(
      "accepted: upstream took it; rejected: by a rule, a finding or upstream; failed: it could not be handed on",
    ),
  refs: z.array(z.string()).describe("refs it would move; the first ones when they are many"),
  message: z.string().describe("what the agent was told in the end"),
});

const Branch = z.strictObject({
  name: z.string().describe("branch that this bottle pushed"),
  ahead: z.int().describe("commits that it has and upstream's default branch has not"),
  behind: z.int().describe("commits that upstream's default branch has and it has not"),
});

const RemoteStatus = z.strictObject({
  name: z.string().describe("name of the remote in the spec"),
  url: z.string().describe("where the repository is, from the spec in force"),
  state: z.enum(["ready", "checking", "failed"]).describe("whether the agent can use it"),
  reason: z.string().optional().describe("cause when it failed, one of the constants of this API"),
  message: z.string().optional().describe("sentence for people; never parsed"),
  refreshTime: z
    .string()
    .optional()
    .describe("moment when the mirror last was what upstream is, RFC 3339; up to a minute late"),
  lastPush: LastPush.optional().describe("the last push of this run of the sidecars"),
  branches: z.array(Branch).describe("branches that were pushed, beside upstream's default branch"),
});
export type RemoteStatus = z.infer<typeof RemoteStatus>;

const DeployKeyStatus = z.strictObject({
  remote: z.string().describe("name of the remote"),
  forgeUrl: z.string().describe("forge that has the key"),
  caBundle: z.string().optional().describe("PEM certificates that the forge is verified against"),
  repository: z.string().describe("repository that the key opens, OWNER/NAME"),
  secretRef: SecretKeyRef.describe("API token that the key is removed with"),
});
export type DeployKeyStatus = z.infer<typeof DeployKeyStatus>;

export const GitStatus = z.strictObject({
  remotes: z
    .array(RemoteStatus)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("what the gate says of each remote"),
  deployKeys: z
    .array(DeployKeyStatus)
    .optional()
    .describe("deploy keys that may exist at forges; noted before a key is made, kept until it is removed"),
});
export type GitStatus = z.infer<typeof GitStatus>;
