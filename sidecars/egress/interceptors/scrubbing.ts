import { type Exchange, type Interceptor, routeOf } from "../exchange.ts";
import { failureSentence } from "../upstream/failure.ts";
import { ScrubbedAnswer } from "../scrub/scrubbed-answer.ts";
import { askedForWhole } from "../scrub/scrubbed-fields.ts";
import { scrubbedWhole } from "../scrub/scrub-stream.ts";

/**
 * Gives the agent placeholders for what an upstream echoes of the credential
 * that it was sent, and for credentials that it makes. Only on routes that
 * inject: answers of others pass as they are.
 */
export function scrubbing(): Interceptor {
  return (next) => async (exchange) => {
    if (routeOf(exchange).auth.mode !== "inject") return next(exchange);
    const table = exchange.enforcement.scrubTable();
    const account = exchange.scrubbed;
    const answer = new ScrubbedAnswer({
      to: exchange.answer,
      table,
      account,
      isHead: exchange.head.method === "HEAD",
      onRefused: () => exchange.revoked.revoke(),
    });
    exchange.headers = askedForWhole(exchange.headers);
    exchange.answer = answer;
    exchange.messages.toAgent.push((message) => scrubbedWhole(message, table, account));
    const outcome = await next(exchange);
    if (outcome.kind === "relayed") await decoded(answer, exchange);
    const { failure } = answer;
    return failure === undefined ? outcome : { kind: "failed", failure, because: failureSentence(failure) };
  };
}

/** What is left to be decoded when the upstream is done ends with the agent's wait, or with the policy that allows it. */
async function decoded(answer: ScrubbedAnswer, exchange: Exchange): Promise<void> {
  const abort = (): void => answer.abort();
  exchange.revoked.onRevoke(abort);
  exchange.agent.onGone(abort);
  await answer.decoded();
  exchange.agent.forgetGone(abort);
}
