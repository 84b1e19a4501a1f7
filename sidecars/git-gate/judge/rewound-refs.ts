import type { PushRequest, RefUpdate } from "../contract.ts";
import { type GitAccess, GitFailed, gitOutput } from "../process/git-process.ts";
import { isBranch, isMove, isWellFormed } from "./push-rules.ts";

/** Branches that would lose commits. Asked only where the answer matters. */
export async function rewoundRefs(
  access: GitAccess,
  { updates, policy }: PushRequest,
): Promise<ReadonlySet<string>> {
  const rewound = new Set<string>();
  const asked = policy.allowForce ? [] : updates.filter(isWorthAsking);
  for (const { ref, from, to } of asked) {
    if (!(await isAncestor(access, from, to))) rewound.add(ref);
  }
  return rewound;
}

const isWorthAsking = (update: RefUpdate): boolean =>
  isWellFormed(update) && isBranch(update) && isMove(update);

/** git answers by its exit code; any other than these two is no answer. */
async function isAncestor(access: GitAccess, from: string, to: string): Promise<boolean> {
  try {
    for await (const _ of gitOutput(access, ["merge-base", "--is-ancestor", from, to]));
    return true;
  } catch (error) {
    if (error instanceof GitFailed && error.code === 1) return false;
    throw error;
  }
}
