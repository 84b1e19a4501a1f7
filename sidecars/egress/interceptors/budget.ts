import type { Budgets, Limited } from "../budgets.ts";
import { deny, type Exchange, type Interceptor, routeOf } from "../exchange.ts";
import { bytesOfFields } from "../request/fields.ts";
import { RefusedUnderWayError } from "../upstream/refused-under-way.ts";
import { readUsage } from "../usage/read-usage.ts";

/** Lets no request begin for which there is no budget, and counts the tokens that its answer accounts for. */
export function requestBudget(budgets: Budgets): Interceptor {
  return (next) => async (exchange) => {
    const limits = limitsOf(exchange);
    if (limits.length === 0) return next(exchange);
    const refused = budgets.begin(limits);
    if (refused !== undefined) return deny(refused);
    if (limits.some(({ budget }) => budget.modelTokens !== undefined)) {
      readUsage(exchange, ({ inputTokens, outputTokens }) =>
        budgets.spendTokens(limits, inputTokens + outputTokens),
      );
      exchange.messages.fromAgent.push(() => budgets.refuseTokens(limits));
    }
    return next(exchange);
  };
}

/** Counts what a request carries out, head, body, trailers and messages, as it is about to leave. */
export function byteBudget(budgets: Budgets): Interceptor {
  return (next) => async (exchange) => {
    const limits = limitsOf(exchange).filter(({ budget }) => budget.requestBytes !== undefined);
    if (limits.length === 0) return next(exchange);
    const spend = (bytes: number) => budgets.spendBytes(limits, bytes);
    const { body, fields } = exchange;
    const known = body instanceof Uint8Array ? body.length : fields.contentLength;
    const refused = spend(headBytesOf(exchange) + (known ?? 0));
    if (refused !== undefined) return deny(refused);
    if (body !== undefined && !(body instanceof Uint8Array) && known === undefined) {
      exchange.body = counted(body, spend);
    }
    const { trailersOf } = exchange;
    exchange.trailersOf = () => {
      const fields = trailersOf(exchange);
      const overdrawn = spend(bytesOfFields(fields));
      if (overdrawn !== undefined) throw new RefusedUnderWayError(overdrawn);
      return fields;
    };
    exchange.messages.leaving.push(spend);
    return next(exchange);
  };
}

function limitsOf(exchange: Exchange): Limited[] {
  const route = routeOf(exchange);
  return [
    { route: "", budget: exchange.enforcement.policy.budget },
    { route: route.name, budget: route.budget },
  ].filter(({ budget }) => Object.keys(budget).length > 0);
}

/** As HTTP/1.1 writes it, nearly: what can carry data counts. */
function headBytesOf({ head, query, headers }: Exchange): number {
  const { method, host, path } = head;
  return method.length + host.length + path.length + query.length + bytesOfFields(headers);
}

async function* counted(
  body: AsyncIterable<Uint8Array>,
  spend: (bytes: number) => RefusedUnderWayError["denial"] | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    const refused = spend(chunk.length);
    if (refused !== undefined) throw new RefusedUnderWayError(refused);
    yield chunk;
  }
}
