import type { Finding, Inspection, InspectionContext, StreamSearch } from "../../detection/index.ts";
import { Turns } from "../../shared/turns.ts";
import type { Denial } from "../denial.ts";
import { type Exchange, routeOf } from "../exchange.ts";
import { inspectionContext } from "../inspection-context.ts";
import type { Frame } from "./frames.ts";

/** the views of one may take as much again and more: such messages are looked at by turns */
const LARGE_BYTES = 256 * 1024;
const LARGE_AT_ONCE = 2;
/** of what was said before: no pattern that matters is longer, and what is kept stays for as long as the connection */
const LONGEST_TAIL = 512;

/** Looks at one frame of the agent before it goes on. */
export type InspectFrame = (frame: Frame) => Promise<Denial | undefined>;

/**
 * Makes what looks at the frames of one WebSocket. Known values are searched
 * across frames on every route; with `scan: full` every view of a message is
 * looked at as well, and what it makes together with the end of those before.
 * What control frames carry is looked at in the same way.
 */
export function frameInspection(turns = new Turns(LARGE_AT_ONCE)): (exchange: Exchange) => InspectFrame {
  return (exchange) => {
    // what is said in between must not tear a message apart, and a value may go on in it
    const [messages, control] = [new Said(exchange, turns), new Said(exchange, turns)];
    const inOrder = exchange.enforcement.detector.streamSearch("frames");
    return async ({ kind, data }) => {
      if (data.length === 0) return undefined;
      const finding = exchange.times.scan(() => inOrder.push(data));
      if (finding !== undefined) return inFrame(finding);
      const denial = await (kind === "message" ? messages : control).inspect(data);
      return denial ?? (kind === "message" ? refusalOf(data, exchange) : undefined);
    };
  };
}

/** What the agent said so far, as far as it matters for what it says next. */
class Said {
  readonly #exchange: Exchange;
  readonly #turns: Turns;
  readonly #search: StreamSearch;
  readonly #isFull: boolean;
  #tail: Buffer = Buffer.alloc(0);

  constructor(exchange: Exchange, turns: Turns) {
    this.#exchange = exchange;
    this.#turns = turns;
    this.#search = exchange.enforcement.detector.streamSearch("frame");
    this.#isFull = routeOf(exchange).scan !== "inject-only";
  }

  async inspect(data: Buffer): Promise<Denial | undefined> {
    const finding = this.#exchange.times.scan(() => this.#search.push(data));
    if (finding !== undefined) return inFrame(finding);
    if (!this.#isFull) return undefined;
    const context = inspectionContext(this.#exchange);
    const joined = Buffer.concat([this.#tail, data.subarray(0, LONGEST_TAIL)]);
    const hasTail = this.#tail.length > 0;
    this.#tail = Buffer.concat([this.#tail, data.subarray(-LONGEST_TAIL)]).subarray(-LONGEST_TAIL);
    const denial = await this.#inspectBytes(data, context);
    if (denial !== undefined || !hasTail) return denial;
    // what is said letter by letter; its fragments are noted already
    return this.#inspectBytes(joined, { ...context, fragments: undefined });
  }

  async #inspectBytes(bytes: Buffer, context: InspectionContext): Promise<Denial | undefined> {
    const { times, enforcement } = this.#exchange;
    const look = (): Promise<Inspection> =>
      times.scanSlowly(() => enforcement.detector.inspectBody({ bytes, location: "frame" }, context));
    const inspection = await (bytes.length > LARGE_BYTES ? this.#turns.take(look) : look());
    if (inspection.kind === "clean") return undefined;
    return inspection.kind === "opaque" ? inspection : inFrame(inspection.finding);
  }
}

async function refusalOf(message: Buffer, { messages }: Exchange): Promise<Denial | undefined> {
  for (const check of messages.fromAgent) {
    const denial = await check(message);
    if (denial !== undefined) return denial;
  }
  return undefined;
}

function inFrame({ rule, shape, location }: Finding): Denial {
  return {
    code: "SecretInFrame",
    because: `the message holds a secret (${rule}) in ${location}: ${shape}`,
    rule,
  };
}
