import { Turns } from "../../shared/turns.ts";
import type { Denial } from "../denial.ts";
import { type Exchange, routeOf } from "../exchange.ts";
import type { Frame } from "./frames.ts";

/** the views of one may take as much again and more: such messages are looked at by turns */
const LARGE_BYTES = 256 * 1024;
const LARGE_AT_ONCE = 2;

/** Looks at one frame of the agent before it goes on. */
export type InspectFrame = (frame: Frame) => Promise<Denial | undefined>;

/**
 * Makes what looks at the frames of one WebSocket. Known values are searched
 * across messages on every route; with `scan: full` every view of a message is
 * looked at as well. What control frames carry is looked at in the same way.
 */
export function frameInspection(turns = new Turns(LARGE_AT_ONCE)): (exchange: Exchange) => InspectFrame {
  return (exchange) => {
    const { detector } = exchange.enforcement;
    const isFull = routeOf(exchange).scan !== "inject-only";
    // what is said in between must not tear a message apart
    const [messages, control] = [detector.streamSearch("frame"), detector.streamSearch("frame")];
    return async (frame) => {
      const { kind, data } = frame;
      if (data.length === 0) return undefined;
      const finding = (kind === "message" ? messages : control).push(data);
      if (finding !== undefined) return inFrame(finding);
      if (isFull) {
        const look = (): ReturnType<typeof detector.inspectBody> => detector.inspectBody({ bytes: data });
        const inspection = await (data.length > LARGE_BYTES ? turns.take(look) : look());
        if (inspection.kind === "opaque") return inspection;
        if (inspection.kind === "found") return inFrame(inspection.finding);
      }
      return kind === "message" ? refusalOf(data, exchange) : undefined;
    };
  };
}

function refusalOf(message: Buffer, { messages }: Exchange): Denial | undefined {
  for (const check of messages.fromAgent) {
    const denial = check(message);
    if (denial !== undefined) return denial;
  }
  return undefined;
}

function inFrame(finding: {
  readonly rule: string;
  readonly location: string;
  readonly shape: string;
}): Denial {
  const { rule, shape } = finding;
  const location = finding.location.replace(/^body/, "frame");
  return {
    code: "SecretInFrame",
    because: `the message holds a secret (${rule}) in ${location}: ${shape}`,
    rule,
  };
}
