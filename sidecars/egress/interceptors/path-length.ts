import { deny, type Interceptor, routeOf } from "../exchange.ts";

/** servers take a line of some 8,000 bytes, and RFC 9110, 4.1 asks for no more */
const LONGEST_PATH = 8 * 1024;

/**
 * Refuses, with a credential of the route, paths that are longer than those of
 * any API: comparing one with the tables of endpoints takes a square of its
 * length. The query may be as long as the head.
 */
export function pathLength(): Interceptor {
  return (next) => async (exchange) => {
    const isLong = exchange.head.path.length > LONGEST_PATH;
    if (!isLong || routeOf(exchange).auth.mode !== "inject") return next(exchange);
    const because = `the path has more than ${LONGEST_PATH} characters, and the route injects a credential`;
    return deny({ code: "PathTooLong", because });
  };
}
