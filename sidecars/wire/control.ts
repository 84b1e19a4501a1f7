import * as z from "zod";
import { EgressPolicy } from "./egress-policy.ts";
import { GitPolicy, RemoteReport } from "./git-policy.ts";

/** Longest line on the control channel in either direction, in bytes. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** A secret in clear text. Never part of an answer, a log line or a hash. */
export const SecretValue = z.strictObject({
  name: z.string(),
  key: z.string(),
  /** changes whenever the value does; says nothing of the value */
  version: z.string(),
  /** absent: keep the value of this version that is held already; when none is, the secret is not there */
  value: z.string().optional(),
  /** `host` or `host:port` that the owner bound the value to; port 443 when absent */
  destinations: z.array(z.string()),
  /** what the agent is given in its place, see placeholderOf; absent: nothing of its own */
  placeholder: z.string().optional(),
});
export type SecretValue = z.infer<typeof SecretValue>;

/** What was spent of budgets. */
export const BudgetUse = z.strictObject({
  /** name of a route; empty: of all routes together */
  route: z.string(),
  /** requests that began within the last minute */
  recentRequests: z.int(),
  requestBytes: z.int(),
  modelTokens: z.int(),
  /** whether the last request that would have spent bytes or tokens was refused for it */
  isExceeded: z.boolean(),
});
export type BudgetUse = z.infer<typeof BudgetUse>;

/** All that the sidecars of one bottle need to know; held in memory only. */
export const SidecarsConfiguration = z.strictObject({
  /** over everything here but `spent`, versions and values of secrets; echoed in the report, never computed by the sidecars */
  policyHash: z.string(),
  egress: EgressPolicy,
  git: GitPolicy,
  secrets: z.array(SecretValue),
  /** what was planted in the agent's home, which must not leave; absent: nothing */
  canaries: z.array(z.string()).optional(),
  certificateAuthority: z.strictObject({ certificatePem: z.string(), privateKeyPem: z.string() }),
  /** as it was last reported, of those that ran before; absent: nothing */
  spent: z.array(BudgetUse).optional(),
  /** why nothing can be recorded for good, so that nothing may be let through; absent: it can */
  unrecorded: z.string().optional(),
});
export type SidecarsConfiguration = z.infer<typeof SidecarsConfiguration>;

/** Controller to sidecars: one JSON object a line. `session` is chosen by the controller for each attach. */
export const ControlRequest = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("configure"),
    session: z.string(),
    id: z.int(),
    configuration: SidecarsConfiguration,
  }),
  z.strictObject({ kind: z.literal("report"), session: z.string(), id: z.int() }),
  /** forget policy, secrets and CA; deny everything from here on */
  z.strictObject({ kind: z.literal("wipe"), session: z.string(), id: z.int() }),
  /** lets what waits for this answer through, or denies it */
  z.strictObject({
    kind: z.literal("answer"),
    session: z.string(),
    id: z.int(),
    /** id of a pending ask */
    ask: z.string(),
    verdict: z.enum(["allow", "deny"]),
  }),
]);
export type ControlRequest = z.infer<typeof ControlRequest>;

/** A question that requests of the agent wait on. */
export const PendingAsk = z.strictObject({
  id: z.string(),
  method: z.string(),
  host: z.string(),
  port: z.int(),
  /** without query; shortened when it is long */
  path: z.string(),
  /** a query is sent as well; what it says is not told, since it may hold a secret */
  hasQuery: z.boolean(),
  /** why no route allows it */
  because: z.string(),
  /** RFC 3339, UTC */
  since: z.string(),
  /** requests that wait for the answer */
  waiting: z.int(),
});
export type PendingAsk = z.infer<typeof PendingAsk>;

export const SidecarsReport = z.strictObject({
  /** null: nothing configured, everything is denied */
  policyHash: z.string().nullable(),
  /** `name/key` to version */
  secretVersions: z.record(z.string(), z.string()),
  /** nonces of probes that came through port 9099, newest last; bounded */
  probeNonces: z.array(z.string()),
  /** of every remote that is configured */
  remotes: z.array(RemoteReport),
  /** what waits for an answer, oldest first; bounded */
  asks: z.array(PendingAsk),
  /** of each budget that limits something */
  spent: z.array(BudgetUse),
});
export type SidecarsReport = z.infer<typeof SidecarsReport>;

/** Sidecars to controller: answers to requests of the same session, each with a growing `sequence`. */
export const ControlAnswer = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("report"),
    session: z.string(),
    id: z.int(),
    sequence: z.int(),
    report: SidecarsReport,
  }),
  /** `message` never quotes the request */
  z.strictObject({
    kind: z.literal("refused"),
    session: z.string(),
    id: z.int(),
    sequence: z.int(),
    message: z.string(),
  }),
]);
export type ControlAnswer = z.infer<typeof ControlAnswer>;

/** Path of the probe on port 9099; query `nonce`, 32 hexadecimal digits. Answered 204 and noted for the report. */
export const PROBE_PATH = "/.bot-bottle/probe";
