import type { PushPolicy, ScanPolicy } from "../wire/git-policy.ts";

/** One ref that a push moves. Ids are full hexadecimal; all zeros where the ref does not exist. */
export interface RefUpdate {
  readonly ref: string;
  readonly from: string;
  readonly to: string;
}

export interface PushRequest {
  readonly gitDir: string;
  /** the quarantine variables that git gave to pre-receive; everything else is refused */
  readonly environment: Readonly<Record<string, string>>;
  readonly updates: readonly RefUpdate[];
  /** ids that upstream is known to have, and with them all that they reach: not what the mirror has */
  readonly confirmed: readonly string[];
  readonly pushOptions: readonly string[];
  readonly policy: PushPolicy;
  readonly scan: ScanPolicy;
}

/** Why a push is refused. Holds nothing of a secret but its shape. */
export interface PushFinding {
  /** a detector's rule, or the name of the push rule or limit that was met */
  readonly rule: string;
  /** ref, commit, path and line, as far as they are known */
  readonly where: string;
  readonly shape: string;
  readonly whatToDo: string;
}

export type PushVerdict =
  { readonly kind: "clean" } | { readonly kind: "refused"; readonly findings: readonly PushFinding[] };

/**
 * Says whether a push may go to upstream.
 *
 * Called in pre-receive, with the pushed objects in git's quarantine. Never rejects and never says clean of what
 * was not looked at: a tool that fails, a limit, an aborted signal are refusals.
 */
export type InspectPush = (request: PushRequest, signal: AbortSignal) => Promise<PushVerdict>;
