import * as z from "zod";
import { Egress } from "./egress.ts";
import { Git } from "./git.ts";
import { namedList } from "./lists.ts";
import { type Rule, withRules } from "./rules.ts";
import { SecretKeyRef } from "./secret-ref.ts";
import { line, lines } from "./text.ts";

const ProviderFields = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and '-', such as claude")
    .describe("provider: claude, or none for a bare image"),
  image: z
    .string()
    .min(1)
    .max(512)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, "must be an image reference, such as registry/name:tag")
    .optional()
    .describe("image instead of the provider's own"),
  dockerfile: line(4096)
    .regex(/^\//, "must be an absolute path on the host")
    .optional()
    .describe("absolute path of a Dockerfile on the host, instead of the provider's own"),
  credentialRef: SecretKeyRef.optional().describe("secret that the provider's own routes inject"),
  model: line(128).min(1).optional().describe("model that the provider's CLI is told to use"),
});
type ProviderFields = z.infer<typeof ProviderFields>;

const PROVIDER_RULES: readonly Rule<ProviderFields>[] = [
  {
    holds: (self) => self.image === undefined || self.dockerfile === undefined,
    cel: "!(has(self.image) && has(self.dockerfile))",
    message: "excludes `image`: give a Dockerfile to build or an image that is there already, not both",
    at: ["dockerfile"],
  },
  {
    holds: (self) => self.name !== "none" || (self.credentialRef === undefined && self.model === undefined),
    cel: "self.name != 'none' || !(has(self.credentialRef) || has(self.model))",
    message:
      "has no routes and no CLI of its own, so `credentialRef` and `model` have no meaning: put `auth` on a route instead",
    at: ["name"],
  },
];

/** Who works in the bottle: image, argv, files, environment and routes follow from the name. */
export const Provider = withRules(ProviderFields, PROVIDER_RULES);
export type Provider = z.infer<typeof Provider>;

export const EnvironmentVariable = z.strictObject({
  name: z
    .string()
    .max(256)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be letters, digits and '_', and not start with a digit")
    .describe("name of the variable"),
  value: lines(32_768).describe("value, visible to the agent and to whoever may read the object"),
});
export type EnvironmentVariable = z.infer<typeof EnvironmentVariable>;

export const Resources = z.strictObject({
  cpus: z.number().min(0.1).max(256).optional().describe("processors the agent may use; default 2"),
  memoryBytes: z
    .int()
    .min(64 * 1024 * 1024)
    .optional()
    .describe("memory of the agent in bytes, at least 64 MiB; default 4 GiB"),
  pids: z
    .int()
    .min(16)
    .max(1_000_000)
    .optional()
    .describe("processes and threads of the agent; default 1024"),
});
export type Resources = z.infer<typeof Resources>;

export const Isolation = z.strictObject({
  minimum: z
    .enum(["container", "microVm"])
    .optional()
    .describe("weakest isolation that is acceptable; default container"),
});
export type Isolation = z.infer<typeof Isolation>;

/** The fields that a BottleClass and a Bottle share; a Bottle's overlay its class's by the merge rules. */
export const classFields = {
  provider: Provider.optional().describe("who works in the bottle; replaces a class's as a whole"),
  env: namedList(EnvironmentVariable, 256)
    .optional()
    .describe("environment of the agent, merged by name; never a credential"),
  egress: Egress.optional().describe("what the agent may reach; replaces a class's as a whole"),
  git: Git.optional().describe("git settings in the bottle"),
  isolation: Isolation.optional().describe("what the runtime must give; replaces a class's as a whole"),
  resources: Resources.optional().describe("limits of the agent's container, merged by field"),
} as const;

export const ClassFields = z.strictObject(classFields);
export type ClassFields = z.infer<typeof ClassFields>;
