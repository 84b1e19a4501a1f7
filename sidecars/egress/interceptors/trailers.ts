import type { Denial } from "../denial.ts";
import { refusedFields } from "../credentials/carrier-fields.ts";
import { inspectionContext } from "../inspection-context.ts";
import { deny, type Exchange, type Interceptor, routeOf } from "../exchange.ts";
import { plainName } from "../request/credential-names.ts";
import { areTooManyTrailers, HOP_FIELDS, pairsOf } from "../request/fields.ts";
import { RefusedUnderWayError } from "../upstream/refused-under-way.ts";
import { describeFinding } from "./head-scan.ts";

/** Lets no trailer out that was not looked at as a header is: before the request when its body is held, else at its end. */
export function trailers(): Interceptor {
  return (next) => (exchange) => {
    if (!exchange.fields.hasBody) return next(exchange);
    if (exchange.body instanceof Uint8Array) {
      const denial = refusal(exchange);
      if (denial !== undefined) return Promise.resolve(deny(denial));
    }
    exchange.trailersOf = lookedAt;
    return next(exchange);
  };
}

function lookedAt(exchange: Exchange): string[] {
  const denial = refusal(exchange);
  if (denial !== undefined) throw new RefusedUnderWayError(denial);
  return sent(exchange);
}

function refusal(exchange: Exchange): Denial | undefined {
  const { agent, enforcement, times } = exchange;
  if (agent.trailers.length === 0) return undefined;
  if (areTooManyTrailers(agent.trailers)) {
    return { code: "HeadTooLarge", because: "the trailers of the request are too large" };
  }
  const inspection = times.scan(() =>
    enforcement.detector.inspectTrailers(pairsOf(agent.trailers), inspectionContext(exchange)),
  );
  if (inspection.kind === "clean") return undefined;
  if (inspection.kind === "opaque") return inspection;
  return { code: "SecretInHead", ...describeFinding(inspection.finding) };
}

/** None that frame the message or carry a credential (RFC 9110, 6.5.1). */
function sent(exchange: Exchange): string[] {
  const isRefused = refusedFields(routeOf(exchange).auth);
  return exchange.agent.trailers.filter((_, index, all) => {
    const name = plainName(all[index - (index % 2)]!);
    const isFraming = HOP_FIELDS.has(name) || name.startsWith("content-") || name.startsWith(":");
    return !isFraming && !isRefused(name);
  });
}
