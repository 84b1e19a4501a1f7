import * as z from "zod";
import { CertificateBundle } from "./certificates.ts";
import { ForgeUrl, GitUrl } from "./git-url.ts";
import { namedList, setOf } from "./lists.ts";
import { type Rule, withOrderedRules, withRules } from "./rules.ts";
import { SecretKeyRef } from "./secret-ref.ts";
import { line } from "./text.ts";

/** Files that a forge runs with its own secrets: the default of `push.protectedPaths`. */
export const CI_PATHS: readonly string[] = [
  ".github/workflows/**",
  ".github/actions/**",
  ".gitlab-ci.yml",
  ".gitlab/ci/**",
  ".gitea/workflows/**",
  ".forgejo/workflows/**",
  ".circleci/**",
  ".buildkite/**",
  ".woodpecker/**",
  ".woodpecker.y*ml",
  ".drone.y*ml",
  ".travis.yml",
  "appveyor.yml",
  "azure-pipelines.yml",
  "bitbucket-pipelines.yml",
  "Jenkinsfile",
];

const GLOB_RULES: readonly Rule<string>[] = [
  {
    // a class that is read as plain letters would protect nothing
    holds: (self) => !/[[\]{}!\\]/.test(self),
    cel: String.raw`!self.matches(r'[\[\]{}!\\]')`,
    message:
      "has one of [ ] { } ! \\, which have no meaning here: use * within a segment, ** across, ? for one character",
  },
  {
    holds: (self) => !/^\/|\/\/|(^|\/)\.{1,2}(\/|$)|\/$/.test(self),
    cel: String.raw`!self.matches(r'^/|//|(^|/)\.{1,2}(/|$)|/$')`,
    message: "has an empty, . or .. segment, or a slash at an end: write it as git does, such as docs/**",
  },
];

const PathGlob = withOrderedRules(line(256).min(1), GLOB_RULES);

const BranchGlob = withOrderedRules(line(256).min(1), [
  {
    holds: (self) => !self.startsWith("refs/"),
    cel: "!self.startsWith('refs/')",
    message: "is a whole ref: leave refs/heads/ out; tags are allowed with `allowTags`",
  },
  ...GLOB_RULES,
]);

const Push = z.strictObject({
  branches: setOf(BranchGlob, 64)
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
  protectedPaths: setOf(PathGlob, 64)
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
  pattern: withRules(line(1024).min(1), [
    {
      holds: (self) => !/\(\?<?[=!]|\\[1-9]/.test(self),
      cel: String.raw`!self.matches(r'\(\?<?[=!]|\\[1-9]')`,
      message: "has a lookaround or a back reference, which RE2 has not: write it without",
    },
  ]).describe("regular expression in RE2 syntax of what must not be pushed"),
});

const Accepted = z.strictObject({
  rule: line(64).min(1).describe("rule whose findings are accepted"),
  path: PathGlob.describe("files in which they are accepted, as a glob"),
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
  url: ForgeUrl.optional().describe(
    "where the forge is, https; its API lies below at /api/v1; default: https and the remote's host",
  ),
  caBundle: CertificateBundle.optional().describe(
    "PEM certificates that the forge is verified against instead of the system roots",
  ),
});

/** One line of known_hosts for one host: no marker such as @cert-authority, no pattern. */
export const KnownHost = z
  .string()
  .max(4096)
  .regex(
    /^[A-Za-z0-9_.:,[\]|+/=-]+ (ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( [ -~]*)?$/,
    "must be one line of known_hosts, without a marker or a pattern: `bb git known-host HOST` prints it",
  );

const RemoteFields = z.strictObject({
  name: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "must be lower-case letters, digits and '-'")
    .describe("name in the gate: the agent reaches it as http://git-gate:9420/NAME.git"),
  url: GitUrl.describe(
    "where the repository is: ssh://, USER@HOST:PATH or https://, without a password; of two remotes of one URL, the agent's git takes the first for it",
  ),
  identity: z
    .strictObject({ secretRef: SecretKeyRef.describe("private key for ssh, token for https") })
    .optional()
    .describe(
      "what the gate authenticates with, required for ssh; the agent never sees it; absent: https without authentication",
    ),
  keyProvider: z
    .enum(["static", "gitea"])
    .optional()
    .describe(
      "static (default): identity is the key or token itself; gitea: identity is an API token, with which a deploy key is made for the bottle",
    ),
  forge: Forge.optional().describe("API of the forge that makes deploy keys"),
  knownHost: KnownHost.optional().describe(
    "line of known_hosts that pins the host key; required for ssh: `bb git known-host HOST` prints it",
  ),
  caBundle: CertificateBundle.optional().describe(
    "PEM certificates that an https host is verified against instead of the system roots",
  ),
  push: Push.optional().describe("what may be pushed; everything that is pushed is scanned"),
  scan: Scan.optional().describe("what the scan looks for"),
});
type RemoteFields = z.infer<typeof RemoteFields>;

const isHttps = ({ url }: RemoteFields): boolean => url.startsWith("https://");
const CEL_HTTPS = "self.url.startsWith('https://')";
// of a URL of another scheme it is enough to say that
const isSsh = ({ url }: RemoteFields): boolean => url.startsWith("ssh://") || !url.includes("://");
const CEL_SSH = "(self.url.startsWith('ssh://') || !self.url.contains('://'))";
const usesForge = ({ keyProvider }: RemoteFields): boolean => keyProvider === "gitea";
const CEL_USES_FORGE = "(has(self.keyProvider) && self.keyProvider == 'gitea')";
// a home folder has no owner at the forge
const OWNER_AND_NAME = "^(ssh://[^/]+/|[^/:]+:/?)[^/~][^/]*/[^/]+/?$";

const REMOTE_RULES: readonly Rule<RemoteFields>[] = [
  {
    holds: (self) => !isSsh(self) || self.knownHost !== undefined,
    cel: `!${CEL_SSH} || has(self.knownHost)`,
    message:
      "is required for ssh, so that no other host can answer: `bb git known-host HOST` prints the line and its fingerprint to compare",
    at: ["knownHost"],
  },
  {
    holds: (self) => !isHttps(self) || self.knownHost === undefined,
    cel: `!${CEL_HTTPS} || !has(self.knownHost)`,
    message: "is for ssh, and the URL is https, which is verified by its certificate: leave it out",
    at: ["knownHost"],
  },
  {
    holds: (self) => isHttps(self) || self.caBundle === undefined,
    cel: `${CEL_HTTPS} || !has(self.caBundle)`,
    message: "is for https, and the URL is ssh: leave it out; of a forge's API it is `forge.caBundle`",
    at: ["caBundle"],
  },
  {
    holds: (self) => !isSsh(self) || self.identity !== undefined,
    cel: `!${CEL_SSH} || has(self.identity)`,
    message:
      "is required for ssh: name the Secret that holds the private key, or with `keyProvider: gitea` the API token",
    at: ["identity"],
  },
  {
    holds: (self) => !usesForge(self) || !isHttps(self),
    cel: `!${CEL_USES_FORGE} || !${CEL_HTTPS}`,
    message: "makes a key for ssh, and the URL is https: give the repository's ssh URL, or leave this out",
    at: ["keyProvider"],
  },
  {
    holds: (self) => !usesForge(self) || isHttps(self) || new RegExp(OWNER_AND_NAME).test(self.url),
    cel: `!${CEL_USES_FORGE} || ${CEL_HTTPS} || self.url.matches('${OWNER_AND_NAME}')`,
    message: "must end in OWNER/NAME, as a forge names repositories, for `keyProvider: gitea`",
    at: ["url"],
  },
  {
    holds: (self) => usesForge(self) || self.forge === undefined,
    cel: `${CEL_USES_FORGE} || !has(self.forge)`,
    message: "has no effect without `keyProvider: gitea`: add that, or leave this out",
    at: ["forge"],
  },
];

/** A repository that the agent reaches through git-gate, and what it may do there. */
export const GitRemote = withRules(RemoteFields, REMOTE_RULES);
export type GitRemote = z.infer<typeof GitRemote>;
