import { plainName } from "../request/credential-names.ts";
import { type Interceptor, routeOf } from "../exchange.ts";

/** Fields by which some servers serve another host or path than the request names. */
const ANOTHER_PLACE: ReadonlySet<string> = new Set([
  "forwarded",
  "x-forwarded-host",
  "x-forwarded-path",
  "x-forwarded-prefix",
  "x-forwarded-server",
  "x-forwarded-uri",
  "x-host",
  "x-http-host-override",
  "x-original-uri",
  "x-original-url",
  "x-rewrite-url",
]);

/** Fields by which some servers take a POST for another method. */
const ANOTHER_METHOD: ReadonlySet<string> = new Set([
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
]);

/** Takes out what could make a server do something else than the policy decided on. */
export function overrides(): Interceptor {
  return (next) => (exchange) => {
    const { methods, auth } = routeOf(exchange);
    // what a credential must not be used for is known by the method
    const isAnyMethod = methods.includes("*") && auth.mode !== "inject";
    const isOverride = (name: string): boolean =>
      ANOTHER_PLACE.has(name) || (!isAnyMethod && ANOTHER_METHOD.has(name));
    const { headers } = exchange;
    exchange.headers = headers.filter((_, index) => !isOverride(plainName(headers[index - (index % 2)]!)));
    return next(exchange);
  };
}
