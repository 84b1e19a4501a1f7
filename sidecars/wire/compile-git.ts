import { CI_PATHS, type GitRemote } from "../../crds/git-remote.ts";
import type { Git } from "../../crds/git.ts";
import { parseGitUrl } from "../../crds/git-url.ts";
import { PushPolicy, type RemotePolicy } from "./git-policy.ts";

/** Name under which a deploy key is handed over; its key is the remote's name. No Secret can have it: it has a slash. */
export const DEPLOY_KEY_SECRET = "bot-bottle.dev/deploy-key";

const MIB = 1024 * 1024;

const PUSH_DEFAULTS = {
  branches: ["**"],
  allowForce: false,
  allowDelete: false,
  allowTags: false,
  allowPushOptions: false,
  protectedPaths: CI_PATHS,
} as const;

/** What one push may cost. The same for every remote: they protect the gate, not upstream. */
const PUSH_LIMITS = {
  // ten thousand commits at once, each with a file changed some folders deep
  maxObjects: 200_000,
  // the first push of a large repository; at the scanner's speed well inside the time below
  maxInflatedBytes: 1024 * MIB,
  // a blob is held whole, and in several decoded forms, while it is scanned
  maxBlobBytes: 32 * MIB,
  // longer than any push within the other limits takes, and shorter than people wait for one
  timeoutMs: 300_000,
} as const;

/**
 * The remotes of a policy as git-gate serves them: every default is filled in. Pure, and keeps the order. `git` must be
 * valid by its schema.
 */
export function compileRemotes({ remotes = [] }: Git): RemotePolicy[] {
  return remotes.map(compileRemote);
}

function compileRemote(remote: GitRemote): RemotePolicy {
  const { name, url, knownHost, caBundle, scan } = remote;
  const address = parseGitUrl(url);
  if (address === undefined) throw new Error(`the URL of remote ${name} is not one that the schema accepts`);
  const secret = secretOf(remote);
  return {
    name,
    url,
    transport: address.transport,
    ...(secret === undefined ? {} : { secret }),
    ...(knownHost === undefined ? {} : { knownHost }),
    ...(caBundle === undefined ? {} : { caBundle }),
    push: PushPolicy.parse({ ...PUSH_DEFAULTS, ...remote.push, ...PUSH_LIMITS }),
    scan: { rules: scan?.rules ?? [], baseline: scan?.baseline ?? [] },
  };
}

function secretOf({ name, identity, keyProvider }: GitRemote): RemotePolicy["secret"] {
  if (keyProvider === "gitea") return { name: DEPLOY_KEY_SECRET, key: name };
  return identity?.secretRef;
}
