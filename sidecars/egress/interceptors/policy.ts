import type { Asks, AskEnd } from "../asks/asks.ts";
import type { Denial } from "../denial.ts";
import { deny, type Exchange, type Interceptor } from "../exchange.ts";
import { type Judgement, judge } from "../policy/judge.ts";
import { askedOf } from "../asked.ts";

/** Lets on only what the policy, or who was asked, allows, and says by which route. */
export function policy(asks: Asks): Interceptor {
  return (next) => async (exchange) => {
    const judgement = judge(exchange.head, exchange.enforcement.policy);
    if (judgement.kind === "deny") return deny(judgement);
    if (judgement.kind === "ask") {
      const refused = await refusedByAnswer(exchange, judgement, asks);
      if (refused !== undefined) return deny(refused);
    }
    exchange.route = judgement.route;
    if (judgement.kind !== "allow") {
      exchange.exemption = { by: judgement.kind === "record" ? "audit" : "answer", from: judgement.instead };
    }
    if (exchange.fields.asksForWebSocket && exchange.agent.upgrade === undefined) {
      return deny({
        code: "WebSocketRefused",
        because: "the request is no handshake of WebSocket as it must be",
      });
    }
    return next(exchange);
  };
}

/** Waits for the answer; nothing of the body is read meanwhile. Throws when the client goes away. */
async function refusedByAnswer(
  exchange: Exchange,
  { instead }: Extract<Judgement, { kind: "ask" }>,
  asks: Asks,
): Promise<Denial | undefined> {
  const { enforcement, revoked, agent } = exchange;
  const asked = askedOf(exchange);
  // the question is shown to people, and goes to where they are
  if (asked === undefined) {
    return { code: "SecretInHead", because: "host or path hold a secret, so nobody is asked about them" };
  }
  const { method, host, port, path, query } = exchange.head;
  const question = { ...asked, hasQuery: query.length > 1, because: instead.because };
  const key = JSON.stringify([method, host, port, path, query, instead.because]);
  const waiting = asks.wait(question, key, enforcement.policy.askSeconds);
  if (waiting === undefined) {
    return { code: "TooManyAsks", because: `too much waits for an answer already; ${instead.because}` };
  }
  const { promise: left, resolve, reject } = Promise.withResolvers<AskEnd>();
  const onGone = (): void => reject(new Error("the client went away"));
  agent.onGone(onGone);
  revoked.onRevoke(() =>
    resolve({
      kind: "denied",
      denial: { code: "PolicyChanged", because: "the policy changed while somebody was asked" },
    }),
  );
  try {
    const end = await Promise.race([waiting.end, left]);
    return end.kind === "denied" ? end.denial : undefined;
  } finally {
    agent.forgetGone(onGone);
    waiting.leave();
  }
}
