import type { PolicyRoute } from "../wire/egress-policy.ts";
import type { AgentStream, Answer } from "./agent/agent-stream.ts";
import type { Asked, Denial } from "./denial.ts";
import type { Enforcement } from "./enforcement.ts";
import type { FieldSummary } from "./request/fields.ts";
import type { Times } from "./times.ts";
import type { RequestHead } from "./request/request-head.ts";
import type { ScrubAccount } from "./scrub/scrub-stream.ts";
import type { UpstreamFailure } from "./upstream/failure.ts";

/** One request on its way through the interceptors. */
export interface Exchange {
  readonly head: RequestHead;
  readonly fields: FieldSummary;
  readonly agent: AgentStream;
  /** what was in force when the request came; never swapped under it */
  readonly enforcement: Enforcement;
  /** aborted when the policy no longer allows what is under way */
  readonly revoked: Revocation;
  readonly times: Times;
  /** set by the policy */
  route: PolicyRoute | undefined;
  /** set by the policy where no route allows it, and it passes all the same */
  exemption: Exemption | undefined;
  /** as they will be sent: name, value, name, value, … */
  headers: string[];
  /** as it will be sent: with its question mark, or empty */
  query: string;
  /** where the answer goes: the agent's own, or what an interceptor wrapped around it */
  answer: Answer;
  /** of a WebSocket; nothing comes of it when the exchange is none */
  readonly messages: Messages;
  /** as it will be sent: held whole and scanned, and dropped at the end, or a stream that is searched as it passes */
  body: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /**
   * Gives those of the request, as they will be sent, once its body has ended; throws RefusedUnderWayError. One function
   * for all but those with a budget of bytes: with one made for each, V8 was seen to keep them until a full collection.
   */
  trailersOf: (exchange: Exchange) => readonly string[];
  requestBytes: number;
  /** what was taken out of the answer */
  readonly scrubbed: ScrubAccount;
  /** whether the head was inspected and found clean */
  headIsClean: boolean;
  /** what may be told of it, once that was asked; see askedOf */
  asked: Asked | "withheld" | undefined;
}

/** Why something passes that no route allows. */
export interface Exemption {
  /** the policy only records; or somebody was asked, and allowed it */
  readonly by: "audit" | "answer";
  /** what enforcing the policy would have said */
  readonly from: Denial;
}

/** What becomes of the messages of a WebSocket, one by one and whole. Interceptors add to the lists. */
export interface Messages {
  /** asked in order before a message of the agent goes on; the first refusal ends the connection */
  readonly fromAgent: ((message: Buffer) => Denial | undefined | Promise<Denial | undefined>)[];
  /** the same of whatever is about to leave, pings and words of goodbye too; told how many bytes it has */
  readonly leaving: ((bytes: number) => Denial | undefined)[];
  /** what the agent is given in place of a message of the upstream */
  readonly toAgent: ((message: Buffer, isBinary: boolean) => Buffer)[];
}

/** Ends what is under way when the policy changes. */
export class Revocation {
  #act: (() => void) | undefined;
  #isRevoked = false;

  get isRevoked(): boolean {
    return this.#isRevoked;
  }

  /** Says what to do on revocation; at once when it has come already. The last one said counts. */
  onRevoke(act: () => void): void {
    this.#act = act;
    if (this.#isRevoked) act();
  }

  revoke(): void {
    this.#isRevoked = true;
    this.#act?.();
  }
}

/** How an exchange ended. */
export type Outcome =
  | { readonly kind: "relayed"; readonly status: number; readonly responseBytes: number }
  | { readonly kind: "denied"; readonly denial: Denial }
  | { readonly kind: "failed"; readonly failure: UpstreamFailure; readonly because: string }
  /** the client went away */
  | { readonly kind: "abandoned" };

/** Takes an exchange to its end. */
export type Step = (exchange: Exchange) => Promise<Outcome>;

/** Wraps a step: refuses, changes what is sent, or passes it on. */
export type Interceptor = (next: Step) => Step;

/** The route that the policy found. Throws when asked before it: nothing goes on without one. */
export function routeOf(exchange: Exchange): PolicyRoute {
  if (exchange.route === undefined) throw new Error("no route was decided on");
  return exchange.route;
}

/** Ends an exchange with a refusal. */
export function deny(denial: Denial): Outcome {
  return { kind: "denied", denial };
}
