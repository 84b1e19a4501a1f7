import * as z from "zod";
import { AuthPolicy } from "./route-auth.ts";

/** Absent: not limited. */
export const PolicyBudget = z.strictObject({
  requestsPerMinute: z.int().optional(),
  /** heads and bodies, since the Bottle was made */
  requestBytes: z.int().optional(),
  /** as model APIs report them, since the Bottle was made */
  modelTokens: z.int().optional(),
});
export type PolicyBudget = z.infer<typeof PolicyBudget>;

/** A kind of secret that the owner of the machine described. */
export const PolicyRule = z.strictObject({
  id: z.string(),
  /** RE2 syntax */
  pattern: z.string(),
  /** empty: tried everywhere */
  keywords: z.array(z.string()),
  anyCase: z.boolean(),
  /** host patterns that may be sent it */
  allowHosts: z.array(z.string()),
});
export type PolicyRule = z.infer<typeof PolicyRule>;

/** A route with every default filled in, as the egress proxy enforces it. */
export const PolicyRoute = z.strictObject({
  name: z.string(),
  /** lower-case A-label, or `*.` and one; never with a trailing dot */
  host: z.string(),
  ports: z.array(z.int()).min(1),
  /** `*` is any method */
  methods: z.array(z.string()).min(1),
  paths: z.array(z.string()).min(1),
  auth: AuthPolicy,
  scan: z.enum(["full", "inject-only", "streamed"]),
  upstream: z
    .strictObject({ address: z.string(), port: z.int().optional(), caBundle: z.string().optional() })
    .optional(),
  allowPrivate: z.array(z.string()),
  maxBodyBytes: z.int(),
  budget: PolicyBudget,
  /** tools that a model API runs itself */
  serverTools: z.enum(["deny", "allow"]),
  /** DNS servers that the host is looked up at, each `address:port`; empty: those of the machine */
  resolver: z.array(z.string()),
});
export type PolicyRoute = z.infer<typeof PolicyRoute>;

/** Everything the egress proxy may let through. No policy is deny all. */
export const EgressPolicy = z.strictObject({
  /** audit: what no route allows passes without a credential, and is recorded */
  mode: z.enum(["enforce", "audit"]),
  /** ask: what no route allows waits for an answer */
  unlisted: z.enum(["deny", "ask"]),
  askSeconds: z.int(),
  /** planted: values that nothing has a reason to send lie in the agent's home */
  canaries: z.enum(["none", "planted"]),
  rules: z.array(PolicyRule),
  /** TOML; empty: none */
  gitleaksRules: z.string(),
  /** of all routes together */
  budget: PolicyBudget,
  routes: z.array(PolicyRoute),
  /** of what passes without a route, see PolicyRoute */
  resolver: z.array(z.string()),
});
export type EgressPolicy = z.infer<typeof EgressPolicy>;
