import * as z from "zod";
import { AddressBlock } from "./address.ts";
import { CertificateBundle } from "./certificates.ts";
import { Host, HostPattern } from "./host.ts";
import { EgressBudget } from "./egress-budget.ts";
import { setOf } from "./lists.ts";
import { PathPrefix } from "./path-prefix.ts";
import { RouteAuth } from "./route-auth.ts";
import { type Rule, withRules } from "./rules.ts";
import { isSharedName, SHARED_NAMES } from "./shared-names.ts";
import { line } from "./text.ts";

const Port = z.int().min(1).max(65535);

const Method = z
  .string()
  .max(32)
  .regex(/^(\*|[A-Z]+)$/, "must be a method in capitals, such as POST, or * for any");

const Methods = withRules(setOf(Method, 32).min(1), [
  {
    holds: (self) => !self.includes("*") || self.length === 1,
    cel: "!('*' in self) || self.size() == 1",
    message: 'has * beside other methods: write ["*"] alone, or leave it out',
  },
  {
    holds: (self) => !self.includes("CONNECT"),
    cel: "!('CONNECT' in self)",
    message:
      "lists CONNECT, which opens a tunnel and is no method of a route: list the methods used inside it",
  },
]);

export const RouteUpstream = z.strictObject({
  address: Host.describe("IP address or host that is connected to instead of the route's host"),
  port: Port.optional().describe("port there; default: the port that was asked for"),
  caBundle: CertificateBundle.optional().describe(
    "PEM certificates that the upstream is verified against instead of the system roots",
  ),
});
export type RouteUpstream = z.infer<typeof RouteUpstream>;

const RouteFields = z.strictObject({
  name: z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "must be lower-case letters, digits, '-' and '.'")
    .optional()
    .describe("name in denials and audit; default: the host"),
  host: HostPattern.describe("host, exact, or *.example.com for any name below example.com but not itself"),
  ports: setOf(Port, 16)
    .min(1)
    .optional()
    .describe("ports; default 443 and 80, with auth that injects 443 alone"),
  methods: Methods.optional().describe('methods; default GET and HEAD; ["*"] for any'),
  paths: setOf(PathPrefix, 32)
    .min(1)
    .optional()
    .describe("path prefixes on segment boundaries; the longest that fits wins; default all"),
  auth: RouteAuth.optional().describe(
    "credential of the route; absent: every credential the agent sends is stripped",
  ),
  scan: z
    .enum(["full", "inject-only", "streamed"])
    .optional()
    .describe(
      "full (default): bodies are held and scanned; streamed: larger ones than maxBodyBytes are scanned as they pass; inject-only: streamed, searched for known values only",
    ),
  scanReason: line(256)
    .min(1)
    .optional()
    .describe("why bodies are not scanned in full, for whoever reads the policy"),
  upstream: RouteUpstream.optional().describe("where to connect instead of the host's own address"),
  allowPrivate: setOf(AddressBlock, 32)
    .optional()
    .describe("private addresses or CIDR blocks that this route may resolve to; default none"),
  maxBodyBytes: z
    .int()
    .min(0)
    .max(256 * 1024 * 1024)
    .optional()
    .describe(
      "largest request body that is held to be scanned, in bytes, at most 256 MiB; default 10 MiB; a larger one is refused, or with scan streamed passes as it is scanned",
    ),
  budget: EgressBudget.optional().describe("how much may go out on this route; those of one name share it"),
  serverTools: z
    .enum(["deny", "allow"])
    .optional()
    .describe(
      "deny (default): requests to a model API may not use tools that the API itself runs, such as web search: they reach hosts that no route names",
    ),
  acknowledge: setOf(z.enum(["multiTenant"]), 1)
    .optional()
    .describe(
      "what the writer of the route knows of it; multiTenant: anybody may have a host below this wildcard",
    ),
});
type RouteFields = z.infer<typeof RouteFields>;

const injects = (self: RouteFields): boolean => self.auth !== undefined && self.auth.mode !== "passthrough";
const CEL_STRIPS_OR_PASSES = "!has(self.auth) || (has(self.auth.mode) && self.auth.mode == 'passthrough')";

const SHARED_WILDCARDS = SHARED_NAMES.map((name) => `*.${name}`);
const acknowledges = (self: RouteFields): boolean => self.acknowledge?.includes("multiTenant") === true;
const isSharedWildcard = (host: string): boolean => host.startsWith("*.") && isSharedName(host.slice(2));

const ROUTE_RULES: readonly Rule<RouteFields>[] = [
  {
    holds: (self) => !injects(self) || !self.ports?.includes(80),
    cel: `${CEL_STRIPS_OR_PASSES} || !has(self.ports) || !(80 in self.ports)`,
    message: "has 80, but a credential is injected over TLS only: take 80 out, or remove `auth`",
    at: ["ports"],
  },
  {
    holds: (self) => !injects(self) || !self.host.startsWith("*"),
    cel: `${CEL_STRIPS_OR_PASSES} || !self.host.startsWith('*')`,
    message: "is a wildcard, but a credential is injected for named hosts only: make a route for each host",
    at: ["host"],
  },
  {
    holds: (self) => !injects(self) || !self.methods?.includes("TRACE"),
    cel: `${CEL_STRIPS_OR_PASSES} || !has(self.methods) || !('TRACE' in self.methods)`,
    message: "has TRACE, which would send an injected credential back to the agent: take it out",
    at: ["methods"],
  },
  {
    holds: (self) => self.maxBodyBytes === undefined || self.scan !== "inject-only",
    cel: "!has(self.maxBodyBytes) || !has(self.scan) || self.scan != 'inject-only'",
    message: "has no effect with `scan: inject-only`, which streams bodies: remove one of the two",
    at: ["maxBodyBytes"],
  },
  {
    holds: (self) => self.scanReason === undefined || (self.scan !== undefined && self.scan !== "full"),
    cel: "!has(self.scanReason) || (has(self.scan) && self.scan != 'full')",
    message: "says why `scan` is not full, and it is: remove it, or say how bodies are scanned",
    at: ["scanReason"],
  },
  {
    holds: (self) => acknowledges(self) || !isSharedWildcard(self.host),
    // the names that we list ourselves; CEL has no list of public suffixes
    cel: `(has(self.acknowledge) && 'multiTenant' in self.acknowledge) || !(self.host.lowerAscii() in ${JSON.stringify(SHARED_WILDCARDS)})`,
    message:
      "is a wildcard over a name that many share, so anybody can have a host below it to send data to: name the hosts that are meant, or add `acknowledge: [multiTenant]`",
    at: ["host"],
  },
];

/** One host that may be reached, how, and with which credential. */
export const EgressRoute = withRules(RouteFields, ROUTE_RULES);
export type EgressRoute = z.infer<typeof EgressRoute>;
