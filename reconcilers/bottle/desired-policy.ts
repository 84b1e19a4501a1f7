import type { EgressRoute } from "../../crds/egress.ts";
import { compileRoutes } from "../../sidecars/wire/compile-egress.ts";
import { compileRemotes } from "../../sidecars/wire/compile-git.ts";
import type { PolicyRoute } from "../../sidecars/wire/egress-policy.ts";
import type { RemotePolicy } from "../../sidecars/wire/git-policy.ts";
import { hashOf } from "../shared/naming.ts";
import type { EffectiveBottle } from "./effective-bottle.ts";
import { deployKeyWishes } from "./git/deploy-key-wishes.ts";
import type { SecretGrant } from "./secret-grants.ts";
import type { Demands } from "./secret-uses.ts";

/** All that the sidecars shall enforce, without the value of a secret. */
export interface DesiredPolicy {
  /** over everything here but versions */
  readonly policyHash: string;
  readonly routes: readonly PolicyRoute[];
  readonly remotes: readonly RemotePolicy[];
  readonly grants: readonly SecretGrant[];
}

/** What a bottle asks for, before it is known which secrets it may have. */
export function desiredDemands(effective: EffectiveBottle): Demands {
  const git = effective.fields.git ?? {};
  return {
    routes: desiredRoutes(effective),
    remotes: compileRemotes(git),
    deployKeys: deployKeyWishes(git.remotes ?? []),
  };
}

/** The bottle's routes, then the provider's own whose hosts no route names. */
export function desiredRoutes({ fields, provider }: EffectiveBottle): PolicyRoute[] {
  const written = compileRoutes(fields.egress ?? {});
  const hosts = new Set(written.map(({ host }) => host));
  const credential = fields.provider?.credentialRef;
  const own = provider.routes.map((route): EgressRoute => {
    if (credential === undefined) return route;
    return { ...route, auth: { scheme: provider.credentialScheme ?? "Bearer", secretRef: credential } };
  });
  return [...written, ...compileRoutes({ routes: own }).filter(({ host }) => !hosts.has(host))];
}

/** The policy of a bottle whose routes and remotes may use these grants and whose CA has this fingerprint. */
export function desiredPolicy(
  { routes, remotes }: Pick<Demands, "routes" | "remotes">,
  grants: readonly SecretGrant[],
  caFingerprint: string,
): DesiredPolicy {
  const bindings = grants.map(({ name, key, destinations }) => ({ name, key, destinations }));
  const policyHash = hashOf({ routes, remotes, bindings, caFingerprint });
  return { policyHash, routes, remotes, grants };
}
