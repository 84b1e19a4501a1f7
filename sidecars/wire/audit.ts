import * as z from "zod";

/**
 * One line of the audit: NDJSON on the sidecars' stderr, from there to
 * `$BB_STATE_DIR/audit/`. Never holds a secret, a body or a query's values.
 */
export const AuditRecord = z.strictObject({
  /** RFC 3339, UTC */
  time: z.string(),
  /** grows by one with each record of one run of the sidecars */
  sequence: z.int(),
  /** random, one per run of the sidecars */
  run: z.string(),
  gate: z.enum(["egress", "git", "supervise", "bundle"]),
  verdict: z.enum(["allow", "deny", "error", "info"]),
  /** stable, CamelCase, such as HostNotAllowed */
  code: z.string(),
  /** sentence for people, the same as in the denial */
  because: z.string(),
  method: z.string().optional(),
  host: z.string().optional(),
  port: z.int().optional(),
  /** without query */
  path: z.string().optional(),
  route: z.string().optional(),
  /** of a push; the first ones when they are many */
  refs: z.array(z.string()).optional(),
  /** detection rule that matched */
  rule: z.string().optional(),
  /** credentials that were taken out of the answer */
  scrubbed: z.int().optional(),
  status: z.int().optional(),
  requestBytes: z.int().optional(),
  responseBytes: z.int().optional(),
  durationMs: z.number().optional(),
  /** of `durationMs`, spent on looking for secrets */
  scanMs: z.number().optional(),
  /** from sending the request's head to the head of the answer */
  upstreamMs: z.number().optional(),
  /** code of the denial that enforcing the policy would have been */
  wouldDeny: z.string().optional(),
});
export type AuditRecord = z.infer<typeof AuditRecord>;
