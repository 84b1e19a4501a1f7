import * as z from "zod";

const SecretId = z.strictObject({ name: z.string(), key: z.string() });

/** What a bottle may push to one remote. It is the class's word: nothing in the repository can change it. */
export const PushPolicy = z.strictObject({
  /** globs over what follows `refs/heads/`: `*` stays within one segment, `**` crosses them */
  branches: z.array(z.string()),
  allowForce: z.boolean(),
  allowDelete: z.boolean(),
  allowTags: z.boolean(),
  allowPushOptions: z.boolean(),
  /** globs over paths in the repository that a push may not change */
  protectedPaths: z.array(z.string()),
  maxObjects: z.int(),
  /** over all objects of a push together */
  maxInflatedBytes: z.int(),
  maxBlobBytes: z.int(),
  timeoutMs: z.int(),
});
export type PushPolicy = Readonly<z.infer<typeof PushPolicy>>;

/** What a scan looks for beside the built-in rules, and what of its findings is accepted. */
export const ScanPolicy = z.strictObject({
  /** RE2 */
  rules: z.array(z.strictObject({ name: z.string(), pattern: z.string() })),
  /** `path` is a glob */
  baseline: z.array(z.strictObject({ rule: z.string(), path: z.string() })),
});
export type ScanPolicy = z.infer<typeof ScanPolicy>;

/** A remote with every default filled in, as git-gate serves it. */
export const RemotePolicy = z.strictObject({
  name: z.string(),
  url: z.string(),
  transport: z.enum(["ssh", "https"]),
  /** private key or token; absent: https without authentication */
  secret: SecretId.optional(),
  /** line of known_hosts; ssh only */
  knownHost: z.string().optional(),
  /** PEM; https only */
  caBundle: z.string().optional(),
  push: PushPolicy,
  scan: ScanPolicy,
});
export type RemotePolicy = z.infer<typeof RemotePolicy>;

/** Everything that git-gate serves. */
export const GitPolicy = z.strictObject({ remotes: z.array(RemotePolicy) });
export type GitPolicy = z.infer<typeof GitPolicy>;

/** Why a remote cannot be used; also reasons of the condition GitGateReady. */
const REMOTE_FAILURES = [
  "HostKeyMismatch",
  "AuthenticationFailed",
  "UpstreamUnreachable",
  "UpstreamCorrupt",
  "ScannerUnavailable",
  "IdentityUnusable",
  "MirrorUnusable",
  "GateNotRunning",
] as const;

/** What git-gate knows of one remote. Nothing in it is secret, and the agent's words in it are bounded and printable. */
export const RemoteReport = z.strictObject({
  name: z.string(),
  state: z.enum(["ready", "checking", "failed"]),
  /** only when failed */
  reason: z.enum(REMOTE_FAILURES).optional(),
  message: z.string(),
  /** RFC 3339: when the mirror last was what upstream is */
  refreshTime: z.string().optional(),
  lastPush: z
    .strictObject({
      time: z.string(),
      outcome: z.enum(["accepted", "rejected", "failed"]),
      refs: z.array(z.string()),
      message: z.string(),
    })
    .optional(),
  /** branches that this bottle pushed, beside upstream's default branch */
  branches: z.array(z.strictObject({ name: z.string(), ahead: z.int(), behind: z.int() })),
});
export type RemoteReport = z.infer<typeof RemoteReport>;
