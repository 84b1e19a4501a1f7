import { isIP } from "node:net";
import { formatAuthority } from "../request/authority.ts";
import { deny, type Interceptor, routeOf } from "../exchange.ts";
import { AddressGuard } from "../upstream/address-guard.ts";
import type { UpstreamWorld } from "../upstream/connector.ts";

/**
 * Refuses addresses that are written out in the request before anything is
 * sent. Names are resolved, checked and pinned by the connection that is
 * opened for them (upstream/connector.ts).
 */
export function addressGuard(overrides: UpstreamWorld["overrides"]): Interceptor {
  return (next) => async (exchange) => {
    const { host, port } = exchange.head;
    if (isIP(host) === 0) return next(exchange);
    const route = routeOf(exchange);
    const isElsewhere = route.upstream !== undefined || overrides.has(formatAuthority({ host, port }));
    if (isElsewhere || new AddressGuard(route.allowPrivate).allows(host)) return next(exchange);
    return deny({ code: "AddressNotAllowed", because: "the host is an address that is not allowed" });
  };
}
