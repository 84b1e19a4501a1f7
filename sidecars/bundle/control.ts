import { ControlRequest, type ControlAnswer, type SidecarsReport } from "../wire/control.ts";
import * as z from "zod";

type Configuration = Extract<ControlRequest, { kind: "configure" }>["configuration"];

/** What the control channel commands. */
export interface Controlled {
  /** puts a configuration in force; throws, quotes nothing and changes nothing when that cannot be done */
  configure(configuration: Configuration): void;
  report(): SidecarsReport;
  /** answers a pending ask; throws, and quotes nothing, when it is not pending */
  answer(ask: string, verdict: "allow" | "deny"): void;
  /** forgets everything and denies everything */
  wipe(): void;
}

const Addressed = z.looseObject({ session: z.string().max(128), id: z.int(), kind: z.string() });

/**
 * Carries out one line of the control channel and gives the answer, if there is
 * somebody to answer. A line that is no request is passed over: a client that
 * was killed leaves half of one. A configuration that cannot be enforced whole
 * is refused whole: what was in force before stays, and the controller, which
 * is told, pauses the agent.
 */
export class Control {
  readonly #controlled: Controlled;
  #sequence = 0;

  constructor(controlled: Controlled) {
    this.#controlled = controlled;
  }

  answer(line: string): ControlAnswer | undefined {
    const object = parseJson(line);
    const addressed = Addressed.safeParse(object);
    if (!addressed.success) return undefined;
    const { session, id } = addressed.data;
    this.#sequence += 1;
    const envelope = { session, id, sequence: this.#sequence };
    const request = ControlRequest.safeParse(object);
    try {
      if (!request.success) throw new Error("the request does not match its schema");
      this.#carryOut(request.data);
      return { kind: "report", ...envelope, report: this.#controlled.report() };
    } catch (error) {
      const message = error instanceof Error ? error.message : "the request could not be carried out";
      return { kind: "refused", ...envelope, message };
    }
  }

  #carryOut(request: ControlRequest): void {
    switch (request.kind) {
      case "configure":
        return this.#controlled.configure(request.configuration);
      case "wipe":
        return this.#controlled.wipe();
      case "answer":
        return this.#controlled.answer(request.ask, request.verdict);
      case "report":
        return;
      default:
        request satisfies never;
    }
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // the parser's message quotes the line, which may hold a secret
  }
}
