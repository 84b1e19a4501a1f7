import type { Dispatcher } from "undici";
import type { AgentStream, Answer } from "../agent/agent-stream.ts";
import type { Denial } from "../denial.ts";
import { deny, type Exchange, type Outcome, routeOf } from "../exchange.ts";
import { hostHeaderOf } from "../request/read-head.ts";
import { passedOn } from "./answer-fields.ts";
import { AddressNotAllowedError } from "./destination.ts";
import { failureOf, failureSentence } from "./failure.ts";
import type { UpstreamPools } from "./pools.ts";
import { RefusedUnderWayError } from "./refused-under-way.ts";

/** Sends the request of an exchange and passes the answer on as it comes, byte for byte, without holding any. */
export function relay(exchange: Exchange, pools: UpstreamPools): Promise<Outcome> {
  const { head, headers, query, body } = exchange;
  const { scheme, host, port } = head;
  const pool = pools.poolFor({ scheme, host, port, route: routeOf(exchange) });
  return new Promise((resolve) => {
    const handler = new Relay(exchange, resolve);
    exchange.revoked.onRevoke(() =>
      handler.stop({ code: "PolicyChanged", because: "the policy no longer allows this request" }),
    );
    pool.dispatch(
      {
        method: head.method as Dispatcher.HttpMethod,
        path: head.path + query,
        headers: ["host", hostHeaderOf(head), ...headers],
        body: (body ?? null) as NonNullable<Dispatcher.DispatchOptions["body"]> | null,
      },
      handler,
    );
  });
}

class Relay implements Dispatcher.DispatchHandler {
  readonly #agent: AgentStream;
  readonly #answer: Answer;
  readonly #times: Exchange["times"];
  readonly #resolve: (outcome: Outcome) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #stopped: Denial | "abandoned" | undefined;
  #isSettled = false;
  #status = 0;
  #bytes = 0;

  constructor({ agent, answer, times }: Exchange, resolve: (outcome: Outcome) => void) {
    this.#agent = agent;
    this.#answer = answer;
    this.#times = times;
    this.#resolve = resolve;
    agent.onGone(this.#onGone);
  }

  /** Cuts the exchange off. */
  stop(why: Denial | "abandoned"): void {
    if (this.#isSettled) return;
    this.#stopped ??= why;
    this.#controller?.abort(new Error("stopped"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#stopped !== undefined) controller.abort(new Error("stopped"));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    reason?: string,
  ): void {
    // 1xx is for the next hop alone; an upgrade was never asked for
    if (status < 200) return;
    this.#times.answered();
    this.#status = status;
    this.#answer.start(status, passedOn(controller.rawHeaders as readonly Buffer[]), reason ?? "");
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#answer.write(chunk)) return;
    controller.pause();
    this.#answer.onDrain(() => controller.resume());
  }

  onResponseEnd(): void {
    this.#answer.end();
    this.#settle({ kind: "relayed", status: this.#status, responseBytes: this.#bytes });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#settle(this.#outcomeOf(error));
    // half an answer must not look like a whole one
    if (this.#answer.hasStarted) this.#answer.abort();
  }

  #outcomeOf(error: Error): Outcome {
    if (error instanceof RefusedUnderWayError) return deny(error.denial);
    if (this.#stopped === "abandoned") return { kind: "abandoned" };
    if (this.#stopped !== undefined) return deny(this.#stopped);
    if (error instanceof AddressNotAllowedError) {
      return deny({ code: "AddressNotAllowed", because: "the host leads to an address that is not allowed" });
    }
    const failure = failureOf(error);
    return { kind: "failed", failure, because: failureSentence(failure) };
  }

  #settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#agent.forgetGone(this.#onGone);
    this.#resolve(outcome);
  }

  readonly #onGone = (): void => this.stop("abandoned");
}
