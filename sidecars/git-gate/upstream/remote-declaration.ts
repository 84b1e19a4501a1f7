import type { PushPolicy } from "../../wire/git-policy.ts";

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
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const HOST = "[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?";
const USER = "[A-Za-z0-9_][A-Za-z0-9_.-]*";
const PATH = "[^\\s\\\\\\u0000-\\u001f\\u007f]+";
const SSH_URL = new RegExp(`^ssh://(?:${USER}@)?(?:${HOST}|\\[[0-9a-fA-F:.]+\\])(?::[0-9]{1,5})?/${PATH}$`);
const SCP_FORM = new RegExp(`^(?:${USER}@)?${HOST}:(?!/?/|-)${PATH}$|^(?:${USER}@)?${HOST}:/(?!/)${PATH}$`);
const KNOWN_HOST =
  /^[A-Za-z0-9_.:,[\]|+/=-]+ (?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+=*(?: [^\n\r]*)?$/;

/** Throws on a declaration that the gate cannot keep, and on two of one name. */
export function checkDeclarations(remotes: readonly RemoteDeclaration[]): void {
  const names = new Set<string>();
  for (const { name, url, knownHost } of remotes) {
    if (!NAME.test(name)) throw new Error(`${JSON.stringify(name)} is no name for a remote`);
    if (names.has(name)) throw new Error(`two remotes are named ${name}`);
    names.add(name);
    // the URL itself is not shown: there may be a password in it
    if (!SSH_URL.test(url) && !SCP_FORM.test(url)) {
      throw new Error(`the URL of ${name} must be ssh://[USER@]HOST[:PORT]/PATH or [USER@]HOST:PATH`);
    }
    if (!KNOWN_HOST.test(knownHost)) {
      throw new Error(
        `the known host of ${name} must be one line of known_hosts, without a marker or pattern`,
      );
    }
  }
}
