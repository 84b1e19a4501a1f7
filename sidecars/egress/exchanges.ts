import type { IncomingMessage, ServerResponse } from "node:http";
import { answerDenial, answerFailure, cutOffWhenEndless } from "./answer.ts";
import type { Denial } from "./denial.ts";
import { type Enforcement, secretId } from "./enforcement.ts";
import { type Exchange, type Outcome, Revocation, type Step } from "./exchange.ts";
import { createPipeline, type PipelineParts } from "./pipeline.ts";
import { decide } from "./policy/decide.ts";
import { readHead, type Tunnel } from "./request/read-head.ts";

export interface ExchangesParts extends PipelineParts {
  /** what is in force now; undefined: nothing, so everything is denied */
  enforcement(): Enforcement | undefined;
}

/** Where a request came out of, and what its client waits for. */
export interface From {
  readonly tunnel: Tunnel | undefined;
  readonly awaitsContinue: boolean;
}

/** Takes requests through the pipeline to their answer, and knows which are under way. */
export class Exchanges {
  readonly #parts: ExchangesParts;
  readonly #pipeline: Step;
  readonly #underWay = new Set<Exchange>();

  constructor(parts: ExchangesParts) {
    this.#parts = parts;
    this.#pipeline = createPipeline(parts);
  }

  /** Never throws: whatever happens, the request has an answer or its connection an end. */
  async take(request: IncomingMessage, response: ServerResponse, from: From): Promise<void> {
    try {
      await this.#take(request, response, from);
    } catch {
      response.destroy(); // an answer that cannot be written must not end those of others
    }
  }

  /** Cuts off what the policy that is in force now would not let go on as it does. */
  keepOnlyAllowed(): void {
    const now = this.#parts.enforcement();
    for (const exchange of this.#underWay) {
      if (now === undefined || !mayGoOn(exchange, now)) exchange.revoked.revoke();
    }
  }

  async #take(request: IncomingMessage, response: ServerResponse, from: From): Promise<void> {
    const enforcement = this.#parts.enforcement();
    if (enforcement === undefined) {
      return this.#refuse(request, response, { code: "NotConfigured", because: "no policy is in force yet" });
    }
    const read = readHead(request, from.tunnel);
    if (read.kind === "denied") return this.#refuse(request, response, read.denial);
    const exchange: Exchange = {
      head: read.head,
      fields: read.fields,
      request,
      response,
      enforcement,
      revoked: new Revocation(),
      awaitsContinue: from.awaitsContinue,
      route: undefined,
      headers: read.head.headers as string[],
      body: undefined,
      requestBytes: 0,
      headIsClean: false,
    };
    this.#underWay.add(exchange);
    const outcome = await this.#pipeline(exchange);
    this.#underWay.delete(exchange);
    this.#answer(exchange, outcome);
  }

  #refuse(request: IncomingMessage, response: ServerResponse, denial: Denial): void {
    const { code, because } = denial;
    this.#parts.audit.write({ verdict: "deny", code, because, method: request.method ?? "" });
    answerDenial(request, response, denial);
    cutOffWhenEndless(request, this.#parts.world.clock);
  }

  #answer({ request, response }: Exchange, outcome: Outcome): void {
    if (outcome.kind === "relayed") return;
    if (outcome.kind === "abandoned" || response.headersSent) return void response.destroy();
    if (outcome.kind === "denied") answerDenial(request, response, outcome.denial);
    else answerFailure(request, response, outcome);
    cutOffWhenEndless(request, this.#parts.world.clock);
  }
}

/** Whether a request that is under way would be allowed again, in the same way and with the same credential. */
function mayGoOn(exchange: Exchange, now: Enforcement): boolean {
  const verdict = decide(exchange.head, now.policy);
  if (verdict.kind === "deny" || exchange.route === undefined) return false;
  const [before, after] = [exchange.route, verdict.route];
  const isSameWay =
    JSON.stringify([before.upstream, before.allowPrivate, before.auth, before.scan]) ===
    JSON.stringify([after.upstream, after.allowPrivate, after.auth, after.scan]);
  if (!isSameWay || before.auth.mode !== "inject") return isSameWay;
  const id = secretId(before.auth.secret);
  return exchange.enforcement.secrets.get(id)?.version === now.secrets.get(id)?.version;
}
