import { neededDestinations, neededForForge, neededForRemote } from "../../sidecars/wire/binding.ts";
import { DEPLOY_KEY_SECRET } from "../../sidecars/wire/compile-git.ts";
import type { EgressPolicy, PolicyRoute } from "../../sidecars/wire/egress-policy.ts";
import type { RemotePolicy } from "../../sidecars/wire/git-policy.ts";
import type { DeployKeyWish } from "./git/deploy-key-wishes.ts";

/** Something that needs a secret. */
export interface SecretUse {
  /** for people, such as `remote app` */
  readonly user: string;
  readonly secret: { readonly name: string; readonly key: string };
  /** where it would go: all of it must be named by the secret's owner */
  readonly needs: readonly string[];
  /** who gets the value: an API token of a forge never leaves the controller */
  readonly holder: "sidecars" | "controller";
}

/** What a bottle needs secrets for. */
export interface Demands {
  readonly egress: EgressPolicy;
  readonly remotes: readonly RemotePolicy[];
  readonly deployKeys: readonly DeployKeyWish[];
}

/** Every use of a Secret. Deploy keys are no Secrets: what makes them is. */
export function secretUses({ egress, remotes, deployKeys }: Demands): SecretUse[] {
  return [
    ...egress.routes.flatMap(usesOfRoute),
    ...remotes.flatMap(usesOfRemote),
    ...deployKeys.map(({ note }) => useOfToken(note)),
  ];
}

function usesOfRoute(route: PolicyRoute): SecretUse[] {
  const { auth, name, host, ports } = route;
  if (auth.mode !== "inject") return [];
  const needs = ports.flatMap((port) => neededDestinations(route, host, port));
  return [{ user: `route ${name}`, secret: auth.secret, needs, holder: "sidecars" }];
}

function usesOfRemote(remote: RemotePolicy): SecretUse[] {
  const { name, secret } = remote;
  if (secret === undefined || secret.name === DEPLOY_KEY_SECRET) return [];
  return [{ user: `remote ${name}`, secret, needs: neededForRemote(remote), holder: "sidecars" }];
}

/** The use of an API token, to make a deploy key or to remove it. */
export const useOfToken = (note: DeployKeyWish["note"]): SecretUse => ({
  user: `the deploy key of remote ${note.remote}`,
  secret: note.secretRef,
  needs: neededForForge(note),
  holder: "controller",
});
