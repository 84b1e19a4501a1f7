import { KnownHost } from "../../../crds/git-remote.ts";
import { parseGitUrl } from "../../../crds/git-url.ts";
import type { RemotePolicy } from "../../wire/git-policy.ts";

/** A remote that a bottle may talk to, with the value of its secret, which stays in memory. */
export interface RemoteDeclaration {
  readonly policy: RemotePolicy;
  /** for ssh an OpenSSH private key without a passphrase; for https a token, or `USER:PASSWORD` */
  readonly secret: string | undefined;
  /** why it cannot be served, in a sentence for the agent */
  readonly obstacle?: string;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const FORMS = {
  ssh: "ssh://[USER@]HOST[:PORT]/PATH or [USER@]HOST:PATH",
  https: "https://HOST[:PORT]/PATH",
} as const;

/** Throws on a declaration that the gate cannot keep, and on two of one name. */
export function checkDeclarations(remotes: readonly RemoteDeclaration[]): void {
  const names = new Set<string>();
  for (const { policy } of remotes) {
    const { name, url, transport, knownHost } = policy;
    if (!NAME.test(name)) throw new Error(`${JSON.stringify(name)} is no name for a remote`);
    if (names.has(name)) throw new Error(`two remotes are named ${name}`);
    names.add(name);
    // the URL itself is not shown: there may be a password in it
    if (parseGitUrl(url)?.transport !== transport) {
      throw new Error(`the URL of ${name} must be ${FORMS[transport]}`);
    }
    if (transport === "ssh" && !KnownHost.safeParse(knownHost).success) {
      throw new Error(
        `the known host of ${name} must be one line of known_hosts, without a marker or pattern`,
      );
    }
  }
}

/** ssh's words for where it logs in. */
export function sshDestinationOf(url: string): readonly string[] {
  const address = parseGitUrl(url);
  if (address === undefined) throw new Error("the URL is none that ssh reaches");
  const user = address.user === undefined ? [] : ["-l", address.user];
  return [...user, "-p", String(address.port), "--", address.host];
}
