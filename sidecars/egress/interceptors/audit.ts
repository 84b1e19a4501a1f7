import type { Clock } from "../../shared/clock.ts";
import type { AuditEntry, AuditLog } from "../audit-log.ts";
import { statusOf } from "../denial.ts";
import { askedOf } from "../asked.ts";
import {
  deny,
  type Exchange,
  type Exemption,
  type Interceptor,
  type Outcome,
  type Step,
} from "../exchange.ts";
import { failureStatus } from "../upstream/failure.ts";

/** Records how every exchange ended, and lets none begin that could not be recorded. */
export function audit(log: AuditLog, clock: Clock): Interceptor {
  return (next) => async (exchange) => {
    if (!log.hasRoom()) {
      return deny({ code: "AuditUnavailable", because: "what the bottle does cannot be recorded now" });
    }
    const start = clock.elapsedMs();
    const outcome = await ended(exchange, next);
    const durationMs = Math.round((clock.elapsedMs() - start) * 10) / 10;
    log.write({ ...entryOf(exchange, outcome), durationMs });
    return outcome;
  };
}

/** An exchange always has an end; what was thrown is not told on, because it may quote the request. */
async function ended(exchange: Exchange, next: Step): Promise<Outcome> {
  try {
    return await next(exchange);
  } catch (error) {
    if (exchange.agent.isGone) return { kind: "abandoned" };
    const kind = error instanceof Error ? error.name : typeof error;
    return deny({ code: "InternalError", because: `the proxy failed (${kind})` });
  }
}

function entryOf(exchange: Exchange, outcome: Outcome): AuditEntry {
  const { head, route, exemption, times } = exchange;
  const { upstreamMs } = times;
  const about = {
    method: head.method,
    port: head.port,
    requestBytes: exchange.requestBytes,
    scanMs: times.scanMs,
    ...(upstreamMs === undefined ? {} : { upstreamMs }),
    ...(route === undefined ? {} : { route: route.name }),
    ...(exchange.scrubbed.count === 0 ? {} : { scrubbed: exchange.scrubbed.count }),
    ...(exemption === undefined ? {} : { wouldDeny: exemption.from.code }),
  };
  const result = resultOf(outcome, exchange);
  const asked = askedOf(exchange);
  // what a host or a path of a refused request spells out may be the very secret
  if (asked === undefined) {
    return { ...result, ...about, host: "(withheld)", because: `${result.code}: host and path are withheld` };
  }
  return { ...result, ...about, host: asked.host, path: asked.path };
}

function exempted({ by, from }: Exemption): Pick<AuditEntry, "code" | "because"> {
  return by === "audit"
    ? { code: "AllowedByAudit", because: `the policy only records; enforced, it would deny: ${from.because}` }
    : { code: "AllowedByAnswer", because: `somebody was asked and allowed it; otherwise: ${from.because}` };
}

type Result = Pick<AuditEntry, "verdict" | "code" | "because"> & Partial<AuditEntry>;

function resultOf(outcome: Outcome, { exemption, scrubbed }: Exchange): Result {
  switch (outcome.kind) {
    case "relayed": {
      const { status, responseBytes } = outcome;
      const allowed = exemption === undefined ? allowanceOf(scrubbed) : exempted(exemption);
      return { verdict: "allow", ...allowed, status, responseBytes };
    }
    case "denied": {
      const { code, because, rule } = outcome.denial;
      return {
        verdict: "deny",
        code,
        because,
        status: statusOf(code),
        ...(rule === undefined ? {} : { rule }),
      };
    }
    case "failed": {
      const { failure, because } = outcome;
      return { verdict: "error", code: failure, because, status: failureStatus(failure) };
    }
    case "abandoned":
      return { verdict: "error", code: "ClientGone", because: "the client went away" };
    default:
      return outcome satisfies never;
  }
}

function allowanceOf({ count, rule }: Exchange["scrubbed"]): Pick<Result, "code" | "because" | "rule"> {
  if (rule === undefined) return { code: "Allowed", because: "the route allows it" };
  const what = count === 1 ? "a credential was" : `${count} credentials were`;
  return { code: "ResponseScrubbed", because: `the route allows it; ${what} taken out of the answer`, rule };
}
