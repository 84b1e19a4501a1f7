import { constants } from "node:http2";
import type { Denial } from "../denial.ts";
import { deny, type Exchange, type Outcome } from "../exchange.ts";
import { AddressNotAllowedError } from "./destination.ts";
import { failureOf, failureSentence } from "./failure.ts";
import { RefusedUnderWayError } from "./refused-under-way.ts";

const { NGHTTP2_INTERNAL_ERROR } = constants;
const POLICY_CHANGED: Denial = {
  code: "PolicyChanged",
  because: "the policy no longer allows this request",
};

/** The end of a request that is on its way to the upstream: there is one, whoever brings it about. */
export class RelayEnd {
  readonly #exchange: Exchange;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #cutOff: () => void;
  #stopped: Denial | "abandoned" | undefined;
  #isSettled = false;

  /** `cutOff` is asked to end the exchange with the upstream when the agent is gone or the policy has changed. */
  constructor(exchange: Exchange, resolve: (outcome: Outcome) => void, cutOff: () => void) {
    this.#exchange = exchange;
    this.#resolve = resolve;
    this.#cutOff = cutOff;
    exchange.agent.onGone(this.#onGone);
    exchange.revoked.onRevoke(() => this.#stop(POLICY_CHANGED));
  }

  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Leaves the end to somebody else, who begins anew. */
  forget(): void {
    this.#isSettled = true;
    this.#exchange.agent.forgetGone(this.#onGone);
  }

  settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.forget();
    this.#resolve(outcome);
  }

  /** `code`: why, in the codes of HTTP/2. */
  fail(error: unknown, code?: number): void {
    if (this.#isSettled) return;
    this.settle(this.#outcomeOf(error));
    // half an answer must not look like a whole one
    if (this.#exchange.answer.hasStarted) this.#exchange.answer.abort(code ?? NGHTTP2_INTERNAL_ERROR);
  }

  #stop(why: Denial | "abandoned"): void {
    if (this.#isSettled) return;
    this.#stopped ??= why;
    this.#cutOff();
  }

  #outcomeOf(error: unknown): Outcome {
    if (error instanceof RefusedUnderWayError) return deny(error.denial);
    // a body that ends with its agent may say so before the agent's side does
    const stopped = this.#stopped ?? (this.#exchange.agent.isGone ? "abandoned" : undefined);
    if (stopped === "abandoned") return { kind: "abandoned" };
    return stopped === undefined ? failed(error) : deny(stopped);
  }

  readonly #onGone = (): void => this.#stop("abandoned");
}

/** What became of a request whose upstream could not be reached, or failed. */
export function failed(error: unknown): Outcome {
  if (error instanceof AddressNotAllowedError) {
    return deny({ code: "AddressNotAllowed", because: "the host leads to an address that is not allowed" });
  }
  const failure = failureOf(error);
  return { kind: "failed", failure, because: failureSentence(failure) };
}
