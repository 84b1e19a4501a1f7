import type { InspectionContext } from "../detection/index.ts";
import { type Exchange, routeOf } from "./exchange.ts";

/** What the detector is told of an exchange: whom the agent's own credential may go to, and what was sent before. */
export function inspectionContext(exchange: Exchange): InspectionContext {
  const { enforcement, head } = exchange;
  const isPassthrough = routeOf(exchange).auth.mode === "passthrough";
  const passthroughTo = isPassthrough ? head.host : undefined;
  return { fragments: enforcement.fragments, destination: head.host, passthroughTo };
}
