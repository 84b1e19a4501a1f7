import { type Exchange, type Outcome, routeOf } from "../exchange.ts";
import { relayOverHttp1 } from "./http1-relay.ts";
import { relayOverHttp2 } from "./http2-relay.ts";
import type { UpstreamPools } from "./pools.ts";

/**
 * Sends the request of an exchange and passes the answer on as it comes, byte for byte, without holding any. What came
 * over HTTP/2 goes on over HTTP/2 where the upstream speaks it, and everything else over HTTP/1.1.
 */
export async function relay(exchange: Exchange, pools: UpstreamPools): Promise<Outcome> {
  // nobody would be told what became of it
  if (exchange.agent.isGone) return { kind: "abandoned" };
  const { scheme, host, port } = exchange.head;
  const pool = pools.poolFor({ scheme, host, port, route: routeOf(exchange) });
  const isHttp2 = exchange.agent.version === 2 && scheme === "https";
  const outcome = isHttp2 ? await relayOverHttp2(exchange, pool.http2) : "not spoken";
  return outcome === "not spoken" ? relayOverHttp1(exchange, pool.http1) : outcome;
}
