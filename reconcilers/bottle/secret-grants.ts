import type { PolicyRoute } from "../../sidecars/wire/egress-policy.ts";
import { missingDestination } from "../../sidecars/wire/binding.ts";
import type { SecretFacts } from "../contract/secret-source.ts";
import type { Obstacle } from "./obstacle.ts";

/** A secret that the sidecars may hold, with where its owner lets it go. */
export interface SecretGrant {
  readonly name: string;
  readonly key: string;
  /** version of the value in memory; undefined when there is none: the sidecars keep what they hold */
  readonly version: string | undefined;
  readonly destinations: readonly string[];
}

export interface SecretsVerdict {
  /** what may be handed out; a route whose secret is not among it is denied by the sidecars */
  readonly grants: readonly SecretGrant[];
  /** the worst of what stands against the secrets */
  readonly obstacle: Obstacle | undefined;
}

type InjectingRoute = PolicyRoute & { readonly auth: Extract<PolicyRoute["auth"], { mode: "inject" }> };

const isInjecting = (route: PolicyRoute): route is InjectingRoute => route.auth.mode === "inject";

/** Names of the Secrets that the routes inject, each once. */
export const secretNamesOf = (routes: readonly PolicyRoute[]): string[] => [
  ...new Set(routes.filter(isInjecting).map(({ auth }) => auth.secret.name)),
];

/**
 * Which secrets the sidecars get. A secret that any route would carry to a
 * destination its owner did not name is granted to nobody: who wrote that
 * route may have written the others too.
 */
export function decideSecretGrants(
  routes: readonly PolicyRoute[],
  factsOf: ReadonlyMap<string, SecretFacts | undefined>,
): SecretsVerdict {
  const byId = new Map<string, InjectingRoute[]>();
  for (const route of routes.filter(isInjecting)) {
    const { name, key } = route.auth.secret;
    byId.set(`${name}/${key}`, [...(byId.get(`${name}/${key}`) ?? []), route]);
  }
  const judged = [...byId.values()].map((users) => judge(users, factsOf));
  const obstacles = judged.flatMap(({ obstacle }) => (obstacle === undefined ? [] : [obstacle]));
  return {
    grants: judged.flatMap(({ grant }) => (grant === undefined ? [] : [grant])),
    obstacle: obstacles.toSorted((a, b) => RANK.indexOf(a.reason) - RANK.indexOf(b.reason))[0],
  };
}

/** worst first */
const RANK: readonly Obstacle["reason"][] = ["SecretNotBoundToHost", "SecretMissing", "SecretValueMissing"];
const LOOK_AGAIN = { waitMs: 30_000 };

function judge(
  users: readonly InjectingRoute[],
  factsOf: ReadonlyMap<string, SecretFacts | undefined>,
): { readonly grant?: SecretGrant; readonly obstacle?: Obstacle } {
  const { name, key } = users[0]!.auth.secret;
  const facts = factsOf.get(name);
  const held = facts?.keys[key];
  if (facts === undefined || held === undefined) {
    const what = facts === undefined ? `Secret ${name} does not exist` : `Secret ${name} has no key ${key}`;
    return {
      obstacle: {
        reason: "SecretMissing",
        message: `${what}: \`bb secret set ${name} --key ${key}\``,
        end: LOOK_AGAIN,
      },
    };
  }
  const unbound = users.map((route) => unboundOf(route, facts)).find((missing) => missing !== undefined);
  if (unbound !== undefined)
    return { obstacle: { reason: "SecretNotBoundToHost", message: unbound, end: "stalled" } };
  const grant = { name, key, version: held.version, destinations: facts.hosts };
  if (held.version !== undefined) return { grant };
  const message = `the value of Secret ${name}, key ${key}, is not in memory: give it again with \`bb secret set\``;
  return { grant, obstacle: { reason: "SecretValueMissing", message, end: LOOK_AGAIN } };
}

function unboundOf(route: InjectingRoute, { hosts }: SecretFacts): string | undefined {
  const { name } = route.auth.secret;
  for (const port of route.ports) {
    const missing = missingDestination(hosts, route, route.host, port);
    if (missing !== undefined) {
      return `route ${route.name} would carry Secret ${name} to ${missing}, and its owner did not bind it to that (annotation bot-bottle.dev/hosts)`;
    }
  }
  return undefined;
}
