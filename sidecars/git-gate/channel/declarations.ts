import { firstUnbound, neededForRemote } from "../../wire/binding.ts";
import type { SecretValue } from "../../wire/control.ts";
import type { GitPolicy, RemotePolicy } from "../../wire/git-policy.ts";
import type { RemoteDeclaration } from "../upstream/remote-declaration.ts";

/** A remote that can be served, or why its secret keeps it from that. */
export type Declared =
  { readonly declaration: RemoteDeclaration } | { readonly policy: RemotePolicy; readonly because: string };

/**
 * The remotes of a policy with their secrets. One whose secret is not there, or whose owner did not bind it to where the
 * remote is, is not served, whoever let it come this far.
 */
export function declarationsOf(git: GitPolicy, secrets: readonly SecretValue[]): readonly Declared[] {
  return git.remotes.map((policy) => {
    if (policy.secret === undefined) return { declaration: { policy, secret: undefined } };
    const { name, key } = policy.secret;
    const secret = secrets.find((held) => held.name === name && held.key === key);
    if (secret?.value === undefined) return { policy, because: `the secret ${name}/${key} has no value` };
    const missing = firstUnbound(secret.destinations, neededForRemote(policy));
    return missing === undefined
      ? { declaration: { policy, secret: secret.value } }
      : { policy, because: `the owner of the secret ${name}/${key} did not bind it to ${missing}` };
  });
}
