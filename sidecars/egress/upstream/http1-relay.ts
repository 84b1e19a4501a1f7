import type { Dispatcher } from "undici";
import type { Answer } from "../agent/agent-stream.ts";
import type { Exchange, Outcome } from "../exchange.ts";
import { hostHeaderOf } from "../request/read-head.ts";
import { hasUnknownTransferCoding, passedOn, trailersPassedOn } from "./answer-fields.ts";
import { countPassed } from "./passed-bytes.ts";
import { RelayEnd } from "./relay-end.ts";

/** Sends a request over HTTP/1.1. Its trailers are left out: undici sends none. */
export function relayOverHttp1(exchange: Exchange, pool: Dispatcher): Promise<Outcome> {
  const { head, headers, query, body } = exchange;
  return new Promise((resolve) => {
    pool.dispatch(
      {
        method: head.method as Dispatcher.HttpMethod,
        path: head.path + query,
        headers: ["host", hostHeaderOf(head), ...headers],
        body: (body ?? null) as NonNullable<Dispatcher.DispatchOptions["body"]> | null,
      },
      new Http1Relay(exchange, resolve),
    );
  });
}

class Http1Relay implements Dispatcher.DispatchHandler {
  readonly #answer: Answer;
  readonly #times: Exchange["times"];
  readonly #end: RelayEnd;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #bytes = 0;

  constructor(exchange: Exchange, resolve: (outcome: Outcome) => void) {
    this.#answer = exchange.answer;
    this.#times = exchange.times;
    this.#end = new RelayEnd(exchange, resolve, () => this.#controller?.abort(new Error("stopped")));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#end.isStopped) controller.abort(new Error("stopped"));
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
    const fields = controller.rawHeaders as readonly Buffer[];
    if (hasUnknownTransferCoding(fields)) {
      return controller.abort(Object.assign(new Error("coding"), { code: "HPE_INVALID_TRANSFER_ENCODING" }));
    }
    this.#answer.start(status, passedOn(fields), reason ?? "");
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    countPassed(chunk.length);
    if (this.#answer.write(chunk)) return;
    controller.pause();
    this.#answer.onDrain(() => controller.resume());
  }

  onResponseEnd(
    _controller: unknown,
    trailers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.#answer.end(trailersPassedOn(flat(trailers)));
    this.#end.settle({ kind: "relayed", status: this.#status, responseBytes: this.#bytes });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#end.fail(error);
  }
}

function flat(trailers: Readonly<Record<string, string | string[] | undefined>>): string[] {
  return Object.entries(trailers).flatMap(([name, values = []]) =>
    [values].flat().flatMap((value) => [name, value]),
  );
}
