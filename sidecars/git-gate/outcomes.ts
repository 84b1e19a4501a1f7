import { type Outcome, RemoteFailure } from "./contract.ts";
import type { ObjectFormat } from "./object-format.ts";
import { plainLine } from "./plain-text.ts";
import { UpstreamError } from "./upstream/upstream-failure.ts";

const LONGEST = 512;

/** What became of a request, in a sentence that is fit for the audit. */
export function outcomeOf(
  outcome: Outcome["outcome"],
  code: string,
  because: string,
  more: Partial<Pick<Outcome, "rule" | "refs">> = {},
): Outcome {
  return { outcome, code, because: plainLine(because, LONGEST), refs: [], ...more };
}

/** What the client is told of a failure. */
export const wordsOf = ({ code, because }: Outcome): string => `git-gate: ${code}: ${because}`;

/** The outcome of a request that a remote's failure ended; undefined when it is no such failure. */
export function failureOf(error: unknown): Outcome | undefined {
  if (!(error instanceof UpstreamError || error instanceof RemoteFailure)) return undefined;
  return outcomeOf("failed", error.reason, error.message);
}

/** For a client that was told of other names of objects than there are now. */
export const namedOtherwise = (format: ObjectFormat): UpstreamError =>
  new UpstreamError(
    "UpstreamUnreachable",
    `upstream was made anew and names its objects by ${format} now: try again`,
  );
