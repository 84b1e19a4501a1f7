import type { ChildEnd } from "../process/child.ts";
import type { RefUpdate } from "../contract.ts";
import { plainText } from "../plain-text.ts";

/** What upstream did with a push. */
export interface PushReport {
  /** refs that upstream moved */
  readonly taken: readonly string[];
  /** the others, each with upstream's reason */
  readonly refused: ReadonlyMap<string, string>;
  /** what upstream's hooks said */
  readonly words: readonly string[];
}

const STATUS = /^(?<flag>[ +\-*!=])\t[^\t]*:(?<ref>refs\/[^\t]+)\t(?<summary>.*)$/gm;
const MAX_REASON = 200;

/** Reads what `git push --porcelain` said. A ref of which nothing was said is refused once one has a word. */
export function readPushReport(end: ChildEnd, updates: readonly RefUpdate[]): PushReport {
  const statuses = [...end.stdout.matchAll(STATUS)].map(({ groups }) => groups ?? {});
  const taken = statuses.filter(({ flag }) => flag !== "!").map(({ ref = "" }) => ref);
  const reasons = statuses.map(({ ref = "", summary = "" }) => [ref, reasonOf(summary)] as const);
  const said = new Map(reasons);
  const others = updates.filter(({ ref }) => statuses.length > 0 && !taken.includes(ref));
  return {
    taken: updates.map(({ ref }) => ref).filter((ref) => taken.includes(ref)),
    refused: new Map(others.map(({ ref }) => [ref, said.get(ref) ?? "upstream said nothing of it"])),
    words: [...end.stderr.matchAll(/^remote: ?(.*)$/gm)].map(([, words = ""]) => plainText(words).trimEnd()),
  };
}

/** What stands in the brackets, in upstream's words. */
function reasonOf(summary: string): string {
  const begin = summary.indexOf("(");
  const reason = begin !== -1 && summary.endsWith(")") ? summary.slice(begin + 1, -1) : summary;
  return plainText(reason).slice(0, MAX_REASON);
}
