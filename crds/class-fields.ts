import { z } from "zod";
import { Egress } from "./egress.ts";
import { SecretKeyRef } from "./secret-ref.ts";

export const Provider = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/)
    .describe("provider: claude, or none for a bare image"),
  image: z.string().max(512).optional().describe("image instead of the provider's own"),
  dockerfile: z
    .string()
    .max(4096)
    .optional()
    .describe("absolute path of a Dockerfile on the host, instead of the provider's own"),
  credentialRef: SecretKeyRef.optional().describe("secret that the provider's own routes inject"),
  model: z.string().max(128).optional().describe("model that the provider's CLI is told to use"),
});
export type Provider = z.infer<typeof Provider>;

export const EnvironmentVariable = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .max(256),
  value: z.string().max(32_768),
});
export type EnvironmentVariable = z.infer<typeof EnvironmentVariable>;

export const GitUser = z.strictObject({
  name: z.string().max(256).optional(),
  email: z.string().max(256).optional(),
});
export type GitUser = z.infer<typeof GitUser>;

export const Git = z.strictObject({ user: GitUser.optional() });
export type Git = z.infer<typeof Git>;

export const Resources = z.strictObject({
  cpus: z.number().min(0.1).max(256).optional().describe("processors the agent may use; default 2"),
  memoryBytes: z
    .int()
    .min(64 * 1024 * 1024)
    .optional()
    .describe("memory of the agent; default 4 GiB"),
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
  provider: Provider.optional(),
  env: z
    .array(EnvironmentVariable)
    .max(256)
    .optional()
    .describe("environment of the agent; never a credential"),
  egress: Egress.optional(),
  git: Git.optional(),
  isolation: Isolation.optional(),
  resources: Resources.optional(),
} as const;

export const ClassFields = z.strictObject(classFields);
export type ClassFields = z.infer<typeof ClassFields>;
