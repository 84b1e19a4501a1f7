import { deny, type Interceptor } from "../exchange.ts";
import { decide } from "../policy/decide.ts";

/** Lets on only what the policy allows, and says by which route. */
export function policy(): Interceptor {
  return (next) => async (exchange) => {
    const verdict = decide(exchange.head, exchange.enforcement.policy);
    if (verdict.kind === "deny") return deny(verdict);
    exchange.route = verdict.route;
    if (exchange.fields.asksForWebSocket && exchange.agent.upgrade === undefined) {
      return deny({
        code: "WebSocketRefused",
        because: "the request is no handshake of WebSocket as it must be",
      });
    }
    return next(exchange);
  };
}
