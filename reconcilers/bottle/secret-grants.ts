import { firstUnbound } from "../../sidecars/wire/binding.ts";
import type { SecretFacts } from "../contract/secret-source.ts";
import type { Obstacle } from "./obstacle.ts";
import type { SecretUse } from "./secret-uses.ts";

/** A secret that the sidecars may hold, with where its owner lets it go. */
export interface SecretGrant {
  readonly name: string;
  readonly key: string;
  /** version of the value in memory; undefined when there is none: the sidecars keep what they hold */
  readonly version: string | undefined;
  readonly destinations: readonly string[];
}

export interface SecretsVerdict {
  /** what may be handed out; what needs a secret that is not among it is denied by the sidecars */
  readonly grants: readonly SecretGrant[];
  /** the same for what the controller itself may use */
  readonly own: readonly SecretGrant[];
  /** the worst of what stands against the secrets */
  readonly obstacle: Obstacle | undefined;
}

type FactsOf = ReadonlyMap<string, SecretFacts | undefined>;

/**
 * Which secrets may be used, and by whom. A secret that anything would carry
 * to a destination its owner did not name is granted to nobody: who wrote that
 * may have written the rest too.
 */
export function decideSecretGrants(uses: readonly SecretUse[], factsOf: FactsOf): SecretsVerdict {
  const bySecret = Map.groupBy(uses, ({ secret: { name, key } }) => `${name}/${key}`);
  const judged = [...bySecret.values()].map((users) => ({ users, ...judge(users, factsOf) }));
  const granted = (holder: SecretUse["holder"]): SecretGrant[] =>
    judged.flatMap(({ users, grant }) =>
      grant !== undefined && users.some((use) => use.holder === holder) ? [grant] : [],
    );
  const obstacles = judged.flatMap(({ obstacle }) => (obstacle === undefined ? [] : [obstacle]));
  return {
    grants: granted("sidecars"),
    own: granted("controller"),
    obstacle: obstacles.toSorted((a, b) => RANK.indexOf(a.reason) - RANK.indexOf(b.reason))[0],
  };
}

/** worst first */
const RANK: readonly Obstacle["reason"][] = [
  "SecretNotBoundToHost",
  "SecretMissing",
  "SecretExpired",
  "SecretValueMissing",
];
const LOOK_AGAIN = { waitMs: 30_000 };

function judge(
  users: readonly SecretUse[],
  factsOf: FactsOf,
): { readonly grant?: SecretGrant; readonly obstacle?: Obstacle } {
  const { secret, user } = users[0]!;
  const { name, key } = secret;
  const facts = factsOf.get(name);
  const held = facts?.keys[key];
  if (facts === undefined || held === undefined) {
    const what = facts === undefined ? `Secret ${name} does not exist` : `Secret ${name} has no key ${key}`;
    return {
      obstacle: {
        reason: "SecretMissing",
        message: `${what}, and ${user} needs it: \`bb secret set ${name} --key ${key}\``,
        end: LOOK_AGAIN,
      },
    };
  }
  const unbound = users.map((use) => unboundOf(use, facts)).find((missing) => missing !== undefined);
  if (unbound !== undefined)
    return { obstacle: { reason: "SecretNotBoundToHost", message: unbound, end: "stalled" } };
  const grant = { name, key, version: held.version, destinations: facts.hosts };
  if (held.version !== undefined) return { grant };
  const value = `the value of Secret ${name}, key ${key}, which ${user} needs,`;
  const why = held.problem === undefined ? "" : ` (${held.problem})`;
  // not granted: the sidecars must not go on with the one that they hold
  if (held.isExpired === true) {
    const message = `${value} was good for a time that is over, and there is no new one${why}`;
    return { obstacle: { reason: "SecretExpired", message, end: LOOK_AGAIN } };
  }
  const message = `${value} is not in memory${why}: give it again with \`bb secret set\``;
  return { grant, obstacle: { reason: "SecretValueMissing", message, end: LOOK_AGAIN } };
}

function unboundOf({ user, secret, needs }: SecretUse, { hosts }: SecretFacts): string | undefined {
  const missing = firstUnbound(hosts, needs);
  return missing === undefined
    ? undefined
    : `${user} would carry Secret ${secret.name} to ${missing}, and its owner did not bind it to that (annotation bot-bottle.dev/hosts)`;
}
