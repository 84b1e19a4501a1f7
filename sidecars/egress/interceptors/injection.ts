import type { Clock } from "../../shared/clock.ts";
import { missingDestination } from "../../wire/binding.ts";
import type { PolicyRoute } from "../../wire/egress-policy.ts";
import type { Denial } from "../denial.ts";
import { type HeldSecret, secretId } from "../enforcement.ts";
import { deny, type Exchange, type Interceptor, routeOf } from "../exchange.ts";
import { putIn } from "../credentials/put-in.ts";

/**
 * Puts the real credential in: the last step, after everything was scanned,
 * over https alone, to what the secret's owner bound it to. A request that
 * should carry one and cannot is refused, never sent bare.
 */
export function injection(clock: Pick<Clock, "now">): Interceptor {
  return (next) => async (exchange) => {
    const route = routeOf(exchange);
    if (route.auth.mode !== "inject") return next(exchange);
    const secret = exchange.enforcement.secrets.get(secretId(route.auth.secret));
    if (secret === undefined) {
      const because = `the credential of route ${route.name} is not in the sidecars' memory`;
      return deny({ code: "SecretUnavailable", because });
    }
    const denial = refusal(exchange, route, secret);
    if (denial !== undefined) return deny(denial);
    const problem = putIn(exchange, route.auth.carrier, secret.value, clock.now());
    if (problem === undefined) return next(exchange);
    return deny({ code: "SecretUnusable", because: `the credential of route ${route.name} ${problem}` });
  };
}

function refusal({ head }: Exchange, route: PolicyRoute, secret: HeldSecret): Denial | undefined {
  if (head.scheme !== "https") {
    const because = `route ${route.name} injects a credential, and the request is not over TLS`;
    return { code: "InjectionNeedsTls", because };
  }
  const missing = missingDestination(secret.destinations, route, head.host, head.port);
  if (missing === undefined) return undefined;
  const because = `the credential of route ${route.name} is not bound to ${missing}`;
  return { code: "SecretNotBoundToHost", because };
}
