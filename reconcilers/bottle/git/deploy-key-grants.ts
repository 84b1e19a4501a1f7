import { neededForRemote } from "../../../sidecars/wire/binding.ts";
import { DEPLOY_KEY_SECRET } from "../../../sidecars/wire/compile-git.ts";
import type { SecretGrant } from "../secret-grants.ts";
import type { Demands } from "../secret-uses.ts";
import type { DeployKeysSeen } from "./deploy-keyring.ts";

/**
 * Deploy keys that the sidecars may hold, each for its own remote. While a key is made anew, as after a restart of the
 * controller, there is no version: the sidecars keep what they hold. Whose token is not granted has no key either.
 */
export function deployKeyGrants(
  { remotes, deployKeys }: Demands,
  tokens: readonly SecretGrant[],
  { states }: DeployKeysSeen,
): SecretGrant[] {
  return deployKeys.flatMap(({ note: { remote, secretRef } }) => {
    const policy = remotes.find(({ name }) => name === remote);
    const isGranted = tokens.some(({ name, key }) => name === secretRef.name && key === secretRef.key);
    if (policy === undefined || !isGranted) return [];
    const state = states.get(remote);
    const version = state?.kind === "ready" ? state.version : undefined;
    return [{ name: DEPLOY_KEY_SECRET, key: remote, version, destinations: neededForRemote(policy) }];
  });
}
