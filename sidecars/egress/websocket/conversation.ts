import type { WebSocket } from "ws";
import type { Clock } from "../../shared/clock.ts";
import type { Denial } from "../denial.ts";
import { deny, type Exchange, type Outcome } from "../exchange.ts";
import type { HeldBytes } from "../held-bytes.ts";
import { failed, policyChanged } from "./connect-upstream.ts";
import { type Frame, Frames, say } from "./frames.ts";
import type { InspectFrame } from "./inspect-frame.ts";

/** how long a side may take to say goodbye */
const CLOSE_MS = 5_000;
/** of the least frame: one without a word says something as well, by being sent */
const FRAME_HEAD_BYTES = 2;
/** RFC 6455, 5.5.1 */
const LONGEST_REASON = 123;
const [POLICY_VIOLATION, TOO_BIG, TRY_AGAIN_LATER] = [1008, 1009, 1013];

interface ConversationParts {
  readonly exchange: Exchange;
  readonly agent: WebSocket;
  readonly upstream: WebSocket;
  readonly inspect: InspectFrame;
  readonly held: HeldBytes;
  readonly clock: Clock;
}

/** Passes frames both ways until one side closes, a message must not leave, or the policy changes. */
export class Conversation {
  readonly ended: Promise<Outcome>;
  readonly #parts: ConversationParts;
  readonly #frames: readonly Frames[];
  #outcome: Outcome | undefined;
  #responseBytes = 0;
  #isEnding = false;
  /** what the upstream does after that is no failure of its own */
  #agentLeft = false;

  constructor(parts: ConversationParts) {
    const { agent, upstream, exchange, held } = parts;
    this.#parts = parts;
    const refuse = (denial: Denial): void => this.#refuse(denial);
    agent.on("error", (error) => (this.#outcome ??= agentFailed(error)));
    upstream.on("error", (error) => this.#upstreamFailed(error));
    agent.once("close", () => (this.#agentLeft = true));
    this.ended = Promise.all([this.#closed(agent), this.#closed(upstream)]).then(
      () => this.#outcome ?? { kind: "relayed", status: 101, responseBytes: this.#responseBytes },
    );
    this.#frames = [
      new Frames(agent, held, { take: (frame) => this.#fromAgent(frame), refuse }),
      new Frames(upstream, held, { take: (frame) => this.#fromUpstream(frame), refuse }),
    ];
    if (upstream.readyState === upstream.CLOSED) this.#endSoon();
    exchange.revoked.onRevoke(() => this.#end(policyChanged(), POLICY_VIOLATION, "PolicyChanged"));
  }

  async #fromAgent(frame: Frame): Promise<void> {
    const { exchange, inspect, upstream } = this.#parts;
    exchange.requestBytes += frame.data.length;
    const hasGone = frame.kind === "close" && frame.code === 1006 && upstream.readyState === upstream.OPEN;
    if (hasGone) this.#outcome ??= { kind: "abandoned" };
    const denial = (await inspect(frame)) ?? this.#refusedToLeave(frame);
    if (this.#isEnding) return;
    if (denial !== undefined) return this.#refuse(denial);
    await say(frame, upstream);
  }

  #refusedToLeave({ data }: Frame): Denial | undefined {
    for (const check of this.#parts.exchange.messages.leaving) {
      const denial = check(FRAME_HEAD_BYTES + data.length);
      if (denial !== undefined) return denial;
    }
    return undefined;
  }

  async #fromUpstream(frame: Frame): Promise<void> {
    const { exchange, agent } = this.#parts;
    this.#responseBytes += frame.data.length;
    if (frame.kind === "close" && frame.code === 1006) this.#upstreamFailed();
    const isBinary = frame.kind === "message" && frame.isBinary;
    let data = frame.data;
    for (const change of exchange.messages.toAgent) data = change(data, isBinary);
    // whoever changed it may have said that nothing of it goes on
    if (this.#isEnding) return;
    // a control frame that grew beyond its bound would end the connection
    if (frame.kind !== "message" && data.length > LONGEST_REASON) data = Buffer.alloc(0);
    await say({ ...frame, data }, agent);
  }

  #upstreamFailed(error?: NodeJS.ErrnoException): void {
    const { agent } = this.#parts;
    // one that has begun to leave may take the upstream with it before it is gone
    if (this.#agentLeft || agent.readyState !== agent.OPEN) return;
    const isProtocol = error?.code?.startsWith("WS_ERR_") === true;
    this.#outcome ??= failed(isProtocol ? "UpstreamProtocolError" : "UpstreamClosed");
  }

  #refuse(denial: Denial): void {
    const { code, because } = denial;
    const status =
      code === "BodyTooLarge" ? TOO_BIG : code === "TooMuchHeld" ? TRY_AGAIN_LATER : POLICY_VIOLATION;
    this.#end(deny(denial), status, `${code}: ${because}`);
  }

  /** Nothing more is passed on, either way. The upstream is not told why: what was found is none of its affair. */
  #end(outcome: Outcome, status: number, reason: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#outcome ??= outcome;
    for (const frames of this.#frames) frames.stop();
    const { agent, upstream } = this.#parts;
    agent.close(status, Buffer.from(reason).subarray(0, LONGEST_REASON).toString("latin1"));
    upstream.close(status, "refused by policy");
    this.#endSoon();
  }

  #closed(socket: WebSocket): Promise<void> {
    return new Promise((resolve) => {
      if (socket.readyState === socket.CLOSED) return resolve();
      socket.once("close", () => {
        resolve();
        this.#endSoon();
      });
    });
  }

  /** Whoever has not closed by then is cut off: a side that takes nothing off its connection would stay for ever. */
  #endSoon(): void {
    const { agent, upstream, clock } = this.#parts;
    const cancel = clock.after(CLOSE_MS, () => {
      agent.terminate();
      upstream.terminate();
    });
    void this.ended.then(cancel);
  }
}

const isTooBig = (error: Error): boolean =>
  /^WS_ERR_(?:UNSUPPORTED_MESSAGE_LENGTH|UNSUPPORTED_DATA_PAYLOAD_LENGTH|TOO_MANY_BUFFERED_PARTS)$/.test(
    (error as NodeJS.ErrnoException).code ?? "",
  );

/** What `ws` refuses by itself, with a code that says why. */
function agentFailed(error: Error): Outcome | undefined {
  if (isTooBig(error)) {
    return deny({
      code: "BodyTooLarge",
      because: "the message is larger than what is scanned on this route",
    });
  }
  const isProtocol = (error as NodeJS.ErrnoException).code?.startsWith("WS_ERR_") === true;
  return isProtocol
    ? deny({ code: "BadRequest", because: "what came is not well-formed WebSocket" })
    : undefined;
}
