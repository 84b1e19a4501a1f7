import type { EgressRoute } from "../../crds/egress-route.ts";
import type { BudgetUse } from "../../sidecars/wire/control.ts";
import { compileEgress, compileRoutes } from "../../sidecars/wire/compile-egress.ts";
import { compileRemotes } from "../../sidecars/wire/compile-git.ts";
import type { EgressPolicy } from "../../sidecars/wire/egress-policy.ts";
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
  readonly egress: EgressPolicy;
  readonly remotes: readonly RemotePolicy[];
  readonly grants: readonly SecretGrant[];
  /** of budgets, as status has it; not hashed */
  readonly spent: readonly BudgetUse[];
  /** why nothing that the bottle does could be recorded; undefined: it can */
  readonly unrecorded: string | undefined;
}

/** What a policy is handed on with, that no spec says. */
export type PolicyFacts = Pick<DesiredPolicy, "spent" | "unrecorded">;

/** What a bottle asks for, before it is known which secrets it may have. */
export function desiredDemands(effective: EffectiveBottle): Demands {
  const git = effective.fields.git ?? {};
  return {
    egress: desiredEgress(effective),
    remotes: compileRemotes(git),
    deployKeys: deployKeyWishes(git.remotes ?? []),
  };
}

/** What the bottle asks for, and after its routes the provider's own whose hosts no route names. */
export function desiredEgress({ fields, provider }: EffectiveBottle): EgressPolicy {
  const written = compileEgress(fields.egress ?? {});
  const hosts = new Set(written.routes.map(({ host }) => host));
  const credential = fields.provider?.credentialRef;
  const own = provider.routes.map((route): EgressRoute => {
    if (credential === undefined) return route;
    return { ...route, auth: { scheme: provider.credentialScheme ?? "Bearer", secretRef: credential } };
  });
  const added = compileRoutes({ ...fields.egress, routes: own }).filter(({ host }) => !hosts.has(host));
  return { ...written, routes: [...written.routes, ...added] };
}

/** The policy of a bottle whose routes and remotes may use these grants and whose CA has this fingerprint. */
export function desiredPolicy(
  { egress, remotes }: Pick<Demands, "egress" | "remotes">,
  grants: readonly SecretGrant[],
  { caFingerprint, spent, unrecorded }: PolicyFacts & { readonly caFingerprint: string },
): DesiredPolicy {
  const bindings = grants.map(({ name, key, destinations }) => ({ name, key, destinations }));
  const policyHash = hashOf({ egress, remotes, bindings, caFingerprint, unrecorded });
  return { policyHash, egress, remotes, grants, spent, unrecorded };
}
