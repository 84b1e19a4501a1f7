import { KnownHost } from "../../../crds/git-remote.ts";
import { parseGitUrl } from "../../../crds/git-url.ts";
import type { PushPolicy, ScanPolicy } from "../../wire/git-policy.ts";

/** A remote that a bottle may talk to, as its class or the Bottle itself declares it. */
export interface RemoteDeclaration {
  /** what stands before `.git` in the gate's URL */
  readonly name: string;
  /** `ssh://` or scp form, without a password */
  readonly url: string;
  /** a line of known_hosts */
  readonly knownHost: string;
  /** an OpenSSH private key without a passphrase; stays in memory */
  readonly privateKey: string;
  readonly push: PushPolicy;
  readonly scan: ScanPolicy;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** Throws on a declaration that the gate cannot keep, and on two of one name. */
export function checkDeclarations(remotes: readonly RemoteDeclaration[]): void {
  const names = new Set<string>();
  for (const { name, url, knownHost } of remotes) {
    if (!NAME.test(name)) throw new Error(`${JSON.stringify(name)} is no name for a remote`);
    if (names.has(name)) throw new Error(`two remotes are named ${name}`);
    names.add(name);
    // the URL itself is not shown: there may be a password in it
    if (parseGitUrl(url)?.transport !== "ssh") {
      throw new Error(`the URL of ${name} must be ssh://[USER@]HOST[:PORT]/PATH or [USER@]HOST:PATH`);
    }
    if (!KnownHost.safeParse(knownHost).success) {
      throw new Error(
        `the known host of ${name} must be one line of known_hosts, without a marker or pattern`,
      );
    }
  }
}
