import { firstUnbound, neededForRemote } from "../../wire/binding.ts";
import type { SecretValue } from "../../wire/control.ts";
import type { GitPolicy, RemotePolicy } from "../../wire/git-policy.ts";
import type { RemoteDeclaration } from "../upstream/remote-declaration.ts";

/**
 * The remotes of a policy with their secrets. One whose secret is not there, or whose owner did not bind it to where the
 * remote is, has an obstacle, whoever let it come this far.
 */
export function declarationsOf(
  { remotes }: GitPolicy,
  secrets: readonly SecretValue[],
): readonly RemoteDeclaration[] {
  return remotes.map((policy) => ({ policy, ...secretFor(policy, secrets) }));
}

function secretFor(
  policy: RemotePolicy,
  secrets: readonly SecretValue[],
): Pick<RemoteDeclaration, "secret" | "obstacle"> {
  if (policy.secret === undefined) return { secret: undefined };
  const { name, key } = policy.secret;
  const held = secrets.find((each) => each.name === name && each.key === key);
  if (held?.value === undefined) {
    return { secret: undefined, obstacle: `git-gate was not given the secret ${name}/${key} that it needs` };
  }
  const missing = firstUnbound(held.destinations, neededForRemote(policy));
  if (missing === undefined) return { secret: held.value };
  return {
    secret: undefined,
    obstacle: `the owner of the secret ${name}/${key} did not bind it to ${missing}`,
  };
}
