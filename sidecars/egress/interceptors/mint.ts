import { endpointSearch } from "../endpoints/endpoint.ts";
import { MINTS } from "../endpoints/mints.ts";
import { deny, type Interceptor, routeOf } from "../exchange.ts";

/**
 * Refuses, with a credential of the route, to have another one made: what comes
 * back would be a value that neither scan nor scrubber knows, and might
 * outlive the bottle.
 */
export function mint(): Interceptor {
  const find = endpointSearch(MINTS);
  return (next) => async (exchange) => {
    if (routeOf(exchange).auth.mode !== "inject") return next(exchange);
    const found = find(exchange.head);
    if (found === undefined) return next(exchange);
    const because = `this place of the API ${found.what}, and the route injects a credential`;
    return deny({ code: "MintRefused", because });
  };
}
