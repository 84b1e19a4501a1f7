import { createHash } from "node:crypto";

/** What an agent is given where a program insists on a credential and no route asks for the placeholder of a secret. */
export const ANY_PLACEHOLDER = "egress-placeholder";

/**
 * What the agent is given in the place of a secret: `egress-placeholder-` and 16 hexadecimal digits, always the same
 * for a bottle and a secret. No secret itself, and yet nobody outside of the bottle can guess it, so text that somebody
 * else wrote (a link in a page) cannot ask for the credential where a route requires the placeholder.
 */
export function placeholderOf(
  bottleUid: string,
  { name, key }: { readonly name: string; readonly key: string },
): string {
  const digits = createHash("sha256")
    .update(JSON.stringify([bottleUid, name, key]))
    .digest("hex");
  return `${ANY_PLACEHOLDER}-${digits.slice(0, 16)}`;
}
