import type { PushPolicy, ScanPolicy } from "../wire/git-policy.ts";

/** One ref that a push moves. Ids are full hexadecimal; all zeros where the ref does not exist. */
export interface RefUpdate {
  readonly ref: string;
  readonly from: string;
  readonly to: string;
}

/** Whether an id says that there is no object. */
export const isZero = (id: string): boolean => /^0+$/.test(id);

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
  | { readonly kind: "clean" }
  | {
      readonly kind: "refused";
      readonly findings: readonly PushFinding[];
      /** the names of the refs were looked at and hold no secret: they can be told to others */
      readonly areRefsClean?: boolean;
    };

/**
 * Says whether a push may go to upstream.
 *
 * Called in pre-receive, with the pushed objects in git's quarantine. Never rejects and never says clean of what
 * was not looked at: a tool that fails, a limit, an aborted signal are refusals.
 */
export type InspectPush = (request: PushRequest, signal: AbortSignal) => Promise<PushVerdict>;

/** A remote cannot be served, whatever its upstream says; `message` is for people. */
export class RemoteFailure extends Error {
  override readonly name = "RemoteFailure";
  readonly reason: "IdentityUnusable" | "MirrorUnusable";

  constructor(reason: RemoteFailure["reason"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** What became of a request that a client made of a remote. Holds no secret; words of others are plain and bounded. */
export interface GateEvent {
  readonly remote: string;
  readonly method: "fetch" | "push";
  /** rejected: by the gate's rules or upstream's; failed: nobody judged it */
  readonly outcome: "accepted" | "rejected" | "failed";
  /** stable, CamelCase, such as PushRefused or UpstreamUnreachable */
  readonly code: string;
  /** sentence for people, as the client saw it */
  readonly because: string;
  /** of the first finding */
  readonly rule?: string;
  /** refs of a push, once it is known that their names hold no secret */
  readonly refs: readonly string[];
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly durationMs: number;
}

/** What of an event the request itself tells. */
export type Outcome = Pick<GateEvent, "outcome" | "code" | "because" | "rule" | "refs">;
