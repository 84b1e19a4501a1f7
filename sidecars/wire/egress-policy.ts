import * as z from "zod";
import { AuthPolicy } from "./route-auth.ts";

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
  scan: z.enum(["full", "inject-only"]),
  upstream: z
    .strictObject({ address: z.string(), port: z.int().optional(), caBundle: z.string().optional() })
    .optional(),
  allowPrivate: z.array(z.string()),
  maxBodyBytes: z.int(),
});
export type PolicyRoute = z.infer<typeof PolicyRoute>;

/** Everything the egress proxy may let through. No policy is deny all. */
export const EgressPolicy = z.strictObject({ routes: z.array(PolicyRoute) });
export type EgressPolicy = z.infer<typeof EgressPolicy>;
