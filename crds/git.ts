import * as z from "zod";
import { CertificateBundle } from "./certificates.ts";
import { namedList, setOf } from "./lists.ts";
import { SecretKeyRef } from "./secret-ref.ts";
import { line } from "./text.ts";

// git itself strips < and > from names; a value that it would change is refused instead.
const identity = () =>
  line(256)
    .min(1)
    .regex(/^[^<>]*$/, "must not have < or >");

export const GitUser = z.strictObject({
  name: identity().optional().describe("user.name of commits"),
  email: identity().optional().describe("user.email of commits"),
});
export type GitUser = z.infer<typeof GitUser>;

const Glob = line(256).min(1);

const Push = z.strictObject({
  branches: setOf(Glob, 64)
    .optional()
    .describe(
      "branches that may be pushed, as globs: * within a segment, ** across; default all; [] makes the remote read-only",
    ),
  allowForce: z.boolean().optional().describe("whether branches may lose commits; default false"),
  allowDelete: z.boolean().optional().describe("whether branches and tags may be deleted; default false"),
  allowTags: z.boolean().optional().describe("whether tags may be pushed; default false"),
  allowPushOptions: z
    .boolean()
    .optional()
    .describe("whether push options go on to upstream; default false: forges run things for them"),
  protectedPaths: setOf(Glob, 64)
    .optional()
    .describe(
      "paths that a push may not change, as globs; default: CI configuration, which runs with the forge's secrets; [] protects nothing",
    ),
});

const ScanRule = z.strictObject({
  name: z
    .string()
    .max(64)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "must be lower-case letters, digits and '-'")
    .describe("name in findings"),
  pattern: line(1024).min(1).describe("regular expression in RE2 syntax of what must not be pushed"),
});

const Accepted = z.strictObject({
  rule: line(64).min(1).describe("rule whose findings are accepted"),
  path: Glob.describe("files in which they are accepted, as a glob"),
});

const Scan = z.strictObject({
  rules: namedList(ScanRule, 64).optional().describe("rules beside the built-in ones"),
  baseline: z
    .array(Accepted)
    .max(64)
    .optional()
    .describe(
      "findings that are accepted, such as in test fixtures; never those of a secret that the bottle holds",
    ),
});

const Forge = z.strictObject({
  url: line(2048).describe(
    "base URL of the forge, https, under which /api/v1 lies; default: https and the remote's host",
  ),
  caBundle: CertificateBundle.optional().describe("PEM certificates that the forge is verified against"),
});

export const GitRemote = z.strictObject({
  name: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "must be lower-case letters, digits and '-'")
    .describe("name in the gate: the agent reaches it as http://git-gate:9420/NAME.git"),
  url: line(2048)
    .min(1)
    .describe("where the repository is: ssh://, USER@HOST:PATH or https://, without a password"),
  identity: z
    .strictObject({ secretRef: SecretKeyRef.describe("private key for ssh, token for https") })
    .optional()
    .describe(
      "what the gate authenticates with; the agent never sees it; absent: https without authentication",
    ),
  keyProvider: z
    .enum(["static", "gitea"])
    .optional()
    .describe(
      "static (default): identity is the key or token itself; gitea: identity is an API token, with which a deploy key is made for the bottle",
    ),
  forge: Forge.optional().describe("API of the forge that makes deploy keys"),
  knownHost: line(4096)
    .optional()
    .describe(
      "line of known_hosts that pins the host key; required for ssh: `bb git known-host HOST` prints it",
    ),
  caBundle: CertificateBundle.optional().describe(
    "PEM certificates that an https host is verified against instead of the system roots",
  ),
  push: Push.optional().describe("what may be pushed; everything that is pushed is scanned"),
  scan: Scan.optional().describe("what the scan looks for"),
});
export type GitRemote = z.infer<typeof GitRemote>;

export const Git = z.strictObject({
  user: GitUser.optional().describe("author of the agent's commits; merged by field"),
  remotes: namedList(GitRemote, 32)
    .optional()
    .describe(
      "repositories that the agent may clone, fetch and push through the gate; merged by name, [] clears",
    ),
});
export type Git = z.infer<typeof Git>;
