import type { GitRemote } from "../../../crds/git-remote.ts";
import type { DeployKeyStatus } from "../../../crds/git-status.ts";
import { type GitAddress, parseGitUrl } from "../../../crds/git-url.ts";

/** A deploy key that a remote needs. */
export interface DeployKeyWish {
  /** as status notes it, so that the key is found again and removed */
  readonly note: DeployKeyStatus;
  readonly readOnly: boolean;
}

/** The deploy keys that the remotes need. Pure. */
export function deployKeyWishes(remotes: readonly GitRemote[]): DeployKeyWish[] {
  return remotes.flatMap(({ name, url, identity, keyProvider, forge, push }) => {
    const address = parseGitUrl(url);
    if (keyProvider !== "gitea" || identity === undefined || address === undefined) return [];
    const note = {
      remote: name,
      forgeUrl: (forge?.url ?? `https://${bracketed(address)}`).replace(/\/$/, ""),
      ...(forge?.caBundle === undefined ? {} : { caBundle: forge.caBundle }),
      repository: repositoryOf(address),
      secretRef: identity.secretRef,
    };
    return [{ note, readOnly: isReadOnly(push) }];
  });
}

const bracketed = ({ host }: GitAddress): string => (host.includes(":") ? `[${host}]` : host);

const repositoryOf = ({ path }: GitAddress): string => path.replace(/^\//, "").replace(/(\.git)?\/?$/, "");

const isReadOnly = (push: GitRemote["push"]): boolean =>
  push?.branches?.length === 0 && push.allowTags !== true;

/** Whether two notes speak of one key at one forge, whoever's token opens it. */
export const isSameKey = (one: DeployKeyStatus, other: DeployKeyStatus): boolean =>
  one.remote === other.remote && one.forgeUrl === other.forgeUrl && one.repository === other.repository;
