import { z } from "zod";
import { SecretKeyRef } from "./secret-ref.ts";

export const DEFAULT_PORTS = [443, 80] as const;
export const DEFAULT_METHODS = ["GET", "HEAD"] as const;
export const DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024;

/** How a route treats credentials. Without it every credential the agent sends is stripped. */
export const RouteAuth = z.strictObject({
  mode: z
    .enum(["inject", "passthrough"])
    .optional()
    .describe("inject (default): the secret is put in; passthrough: what the agent sends goes on as it is"),
  scheme: z
    .enum(["Bearer", "token", "Basic"])
    .optional()
    .describe(
      "scheme of the Authorization header; default Bearer; Basic takes a secret of the form user:password",
    ),
  header: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/)
    .optional()
    .describe("header that carries the bare secret instead of Authorization; excludes scheme"),
  secretRef: SecretKeyRef.optional().describe("secret to inject; required unless mode is passthrough"),
});
export type RouteAuth = z.infer<typeof RouteAuth>;

export const RouteUpstream = z.strictObject({
  address: z
    .string()
    .min(1)
    .max(253)
    .describe("IP address or host that is connected to instead of the route's host"),
  port: z.int().min(1).max(65535).optional().describe("port there; default: the port that was asked for"),
  caBundle: z
    .string()
    .optional()
    .describe("PEM certificates that the upstream is verified against instead of the system roots"),
});
export type RouteUpstream = z.infer<typeof RouteUpstream>;

export const EgressRoute = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9*]([a-z0-9*.-]{0,251}[a-z0-9])?$/)
    .optional()
    .describe("name in denials and audit; default: the host"),
  host: z
    .string()
    .min(1)
    .max(253)
    .regex(/^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.:_-]*[A-Za-z0-9])?$/)
    .describe("host, exact, or *.example.com for any name below example.com but not itself"),
  ports: z.array(z.int().min(1).max(65535)).min(1).optional().describe("default 443 and 80"),
  methods: z
    .array(z.string().regex(/^(\*|[A-Z]{1,32})$/))
    .min(1)
    .optional()
    .describe('default GET and HEAD; ["*"] for any'),
  paths: z
    .array(z.string().regex(/^\/\S*$/))
    .min(1)
    .optional()
    .describe("path prefixes on segment boundaries; default all"),
  auth: RouteAuth.optional(),
  scan: z
    .enum(["full", "inject-only"])
    .optional()
    .describe(
      "full (default): bodies are held and scanned; inject-only: streamed, searched for known values only",
    ),
  upstream: RouteUpstream.optional(),
  allowPrivate: z
    .array(z.string())
    .optional()
    .describe("private addresses or CIDR blocks this route may resolve to"),
  maxBodyBytes: z
    .int()
    .min(0)
    .max(1024 * 1024 * 1024)
    .optional()
    .describe("largest request body with scan full; default 10 MiB"),
});
export type EgressRoute = z.infer<typeof EgressRoute>;

export const Egress = z.strictObject({
  routes: z.array(EgressRoute).max(512).optional().describe("what may be reached; nothing else is"),
});
export type Egress = z.infer<typeof Egress>;
