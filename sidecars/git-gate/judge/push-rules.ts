import { isZero, type PushFinding, type RefUpdate } from "../contract.ts";
import type { PushPolicy } from "../../wire/git-policy.ts";
import { printable, ruleFinding } from "./finding.ts";
import { globPattern } from "./glob.ts";

/** What the rules look at, with what only git can tell. */
export interface PushToJudge {
  readonly updates: readonly RefUpdate[];
  readonly pushOptions: readonly string[];
  readonly policy: PushPolicy;
  /** refs that would lose commits which they have now */
  readonly rewound: ReadonlySet<string>;
}

const HEADS = "refs/heads/";
const TAGS = "refs/tags/";
const OBJECT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export const isBranch = ({ ref }: RefUpdate): boolean => ref.startsWith(HEADS);

/** Whether a ref that exists is set to something else. */
export const isMove = ({ from, to }: RefUpdate): boolean => !isZero(from) && !isZero(to) && from !== to;

/** Whether git can be asked about a ref's move: its ids are ids, and it is of a kind that exists in the gate. */
export const isWellFormed = ({ ref, from, to }: RefUpdate): boolean =>
  (ref.startsWith(HEADS) || ref.startsWith(TAGS)) && OBJECT_ID.test(from) && OBJECT_ID.test(to);

/** The push rules that a push breaks. Pure; what is not allowed in so many words is refused. */
export function judgePush({ updates, pushOptions, policy, rewound }: PushToJudge): PushFinding[] {
  const findings = updates.flatMap((update) => brokenBy(update, policy, rewound) ?? []);
  if (pushOptions.length > 0 && !policy.allowPushOptions) {
    const help = "Push without options: leave -o and push.pushOption away.";
    findings.push(ruleFinding("PushOptionsNotAllowed", "push options", help));
  }
  return findings;
}

function brokenBy(
  update: RefUpdate,
  policy: PushPolicy,
  rewound: ReadonlySet<string>,
): PushFinding | undefined {
  const broken = (rule: string, whatToDo: string): PushFinding =>
    ruleFinding(rule, printable(update.ref), whatToDo);
  if (!isWellFormed(update))
    return broken("RefNotAllowed", "Push to refs/heads/… or refs/tags/…: nothing else exists here.");
  const isTag = !isBranch(update);
  if (isTag && !policy.allowTags) return broken("TagNotAllowed", "Tags may not be pushed to this remote.");
  if (!isTag && !mayMove(update.ref, policy.branches))
    return broken("BranchNotAllowed", `Push to a branch that matches ${allowed(policy.branches)}.`);
  if (isZero(update.to) && !policy.allowDelete)
    return broken("DeleteNotAllowed", "Refs of this remote may not be deleted.");
  if (isForced(update, rewound) && !policy.allowForce)
    return broken("ForceNotAllowed", "Fetch, rebase on what is there and push without force.");
  return undefined;
}

const mayMove = (ref: string, branches: readonly string[]): boolean =>
  branches.some((glob) => globPattern(glob).test(ref.slice(HEADS.length)));

const allowed = (branches: readonly string[]): string =>
  branches.length === 0 ? "a rule of the bottle's class: it has none" : branches.join(" or ");

/** A tag that exists stays where it is; a branch only grows. */
const isForced = (update: RefUpdate, rewound: ReadonlySet<string>): boolean =>
  isMove(update) && (!isBranch(update) || rewound.has(update.ref));
