import { Members } from "../shared/members.ts";
import type { AgentStream } from "./agent/agent-stream.ts";
import { askedOf } from "./asked.ts";
import { answerDenial, answerFailure, cutOffWhenEndless } from "./answer.ts";
import type { Denial } from "./denial.ts";
import type { Enforcement } from "./enforcement.ts";
import { type Exchange, type Outcome, Revocation, type Step } from "./exchange.ts";
import { createPipeline, type PipelineParts } from "./pipeline.ts";
import { mayGoOn } from "./policy/may-go-on.ts";
import type { Entry } from "./request/entry.ts";
import { isKnownMethod, readHead } from "./request/read-head.ts";
import { Times } from "./times.ts";
import { expectPassing } from "./upstream/passed-bytes.ts";

export interface ExchangesParts extends PipelineParts {
  /** what is in force now; undefined: nothing, so everything is denied */
  enforcement(): Enforcement | undefined;
}

const noTrailers = (): readonly string[] => [];

/** Takes requests through the pipeline to their answer, and knows which are under way. */
export class Exchanges {
  readonly #parts: ExchangesParts;
  readonly #pipeline: Step;
  readonly #underWay = new Members<Exchange>();
  #onNone: () => void = () => undefined;

  constructor(parts: ExchangesParts) {
    this.#parts = parts;
    this.#pipeline = createPipeline(parts);
  }

  /** Never throws: whatever happens, the request has an answer or its connection an end. */
  async take(agent: AgentStream, entry: Entry): Promise<void> {
    try {
      await this.#take(agent, entry);
    } catch {
      agent.answer.abort(); // an answer that cannot be written must not end those of others
    }
  }

  /** Cuts off what the policy that is in force now would not let go on as it does. */
  keepOnlyAllowed(): void {
    const now = this.#parts.enforcement();
    for (const exchange of this.#underWay) {
      if (now === undefined || !mayGoOn(exchange, now)) exchange.revoked.revoke();
    }
  }

  /** Resolves when none is under way, and all are recorded; at the latest after that time. */
  async untilNone(mostMs: number): Promise<void> {
    if (this.#underWay.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onNone = resolve;
    const cancel = this.#parts.world.clock.after(mostMs, resolve);
    await promise;
    cancel();
  }

  /** Answers a request that no route is asked about. */
  refuse(agent: AgentStream, denial: Denial): void {
    const { code, because } = denial;
    const method = isKnownMethod(agent.method) ? { method: agent.method } : {};
    this.#parts.audit.write({ verdict: "deny", code, because, ...method });
    answerDenial(agent, denial);
    cutOffWhenEndless(agent, this.#parts.world.clock);
  }

  async #take(agent: AgentStream, entry: Entry): Promise<void> {
    const enforcement = this.#parts.enforcement();
    if (enforcement === undefined) {
      return this.refuse(agent, { code: "NotConfigured", because: "no policy is in force yet" });
    }
    const read = readHead(agent, entry, enforcement.policy);
    if (read.kind === "denied") return this.refuse(agent, read.denial);
    const exchange: Exchange = {
      head: read.head,
      fields: read.fields,
      agent,
      enforcement,
      revoked: new Revocation(),
      times: new Times(this.#parts.world.clock),
      route: undefined,
      exemption: undefined,
      headers: read.head.headers as string[],
      query: read.head.query,
      answer: agent.answer,
      messages: { fromAgent: [], leaving: [], toAgent: [] },
      body: undefined,
      trailersOf: noTrailers,
      requestBytes: 0,
      scrubbed: { count: 0, rule: undefined },
      headIsClean: false,
      asked: undefined,
    };
    this.#answer(exchange, await this.#whileUnderWay(exchange));
  }

  async #whileUnderWay(exchange: Exchange): Promise<Outcome> {
    const leave = this.#underWay.add(exchange);
    expectPassing(this.#underWay.size);
    try {
      return await this.#pipeline(exchange);
    } finally {
      leave();
      expectPassing(this.#underWay.size);
      if (this.#underWay.size === 0) this.#onNone();
    }
  }

  #answer(exchange: Exchange, outcome: Outcome): void {
    const { agent } = exchange;
    if (outcome.kind === "relayed") return;
    if (outcome.kind === "abandoned" || agent.answer.hasStarted) return agent.answer.abort();
    if (outcome.kind === "denied") answerDenial(agent, outcome.denial, askedOf(exchange));
    else answerFailure(agent, outcome);
    cutOffWhenEndless(agent, this.#parts.world.clock);
  }
}
