import * as z from "zod";
import { AuditRecord } from "./audit.ts";
import { SecretValue } from "./control.ts";
import { GitPolicy, RemoteReport } from "./git-policy.ts";

/** Longest line that the bundle takes from git-gate, in bytes. */
export const MAX_GATE_LINE_BYTES = 1024 * 1024;

/** Bundle to git-gate's own process, over a unix socket in the sidecars sandbox: one JSON object a line. */
export const GateRequest = z.discriminatedUnion("kind", [
  /** replaces what was configured before; requests under way to remotes that stay as they are go on */
  z.strictObject({
    kind: z.literal("configure"),
    /** grows with each configuration */
    generation: z.int(),
    git: GitPolicy,
    secrets: z.array(SecretValue),
    /** what was planted in the agent's home, which must not leave */
    canaries: z.array(z.string()),
  }),
]);
export type GateRequest = z.infer<typeof GateRequest>;

/** What git-gate has to tell, at any time. */
export const GateMessage = z.discriminatedUnion("kind", [
  /** of every remote that is configured; after each change */
  z.strictObject({
    kind: z.literal("reports"),
    /** of the configuration that they are about */
    generation: z.int(),
    remotes: z.array(RemoteReport),
  }),
  /** for the bundle to write, which counts the records */
  z.strictObject({
    kind: z.literal("audit"),
    record: AuditRecord.omit({ time: true, sequence: true, run: true }),
  }),
]);
export type GateMessage = z.infer<typeof GateMessage>;
