import { isDeepStrictEqual } from "node:util";
import { missingDestination } from "../../wire/binding.ts";
import type { PolicyBudget, PolicyRoute } from "../../wire/egress-policy.ts";
import { type Enforcement, secretId } from "../enforcement.ts";
import type { Exchange } from "../exchange.ts";
import { judge } from "./judge.ts";

/**
 * Whether a request that is under way would be allowed again under `now`, in the same way and with a credential of the
 * same name; and while something of it is still to be sent, whether that would be looked at in the same way and within
 * no smaller budget. Pure.
 */
export function mayGoOn(exchange: Exchange, now: Enforcement): boolean {
  const verdict = judge(exchange.head, now.policy);
  if (verdict.kind === "deny") return false;
  // nobody has answered yet, so nothing was looked at but the head
  if (exchange.route === undefined) return verdict.kind === "ask" && isAskedAlike(exchange.enforcement, now);
  if (verdict.kind === "ask" && exchange.exemption?.by !== "answer") return false;
  const [before, after] = [exchange.route, verdict.route];
  if (!isSameWay(before, after)) return false;
  if (isStillSending(exchange) && !isJudgedAlike(exchange, after, now)) return false;
  return hasItsCredential(exchange, after, now);
}

const isSameWay = (before: PolicyRoute, after: PolicyRoute): boolean =>
  isDeepStrictEqual(
    [before.upstream, before.allowPrivate, before.resolver, before.auth],
    [after.upstream, after.allowPrivate, after.resolver, after.auth],
  );

/** A WebSocket always does. */
const isStillSending = ({ agent, times }: Exchange): boolean =>
  agent.upgrade !== undefined || !agent.isComplete || !times.isSent;

function isJudgedAlike(
  { route: before, enforcement }: Exchange,
  after: PolicyRoute,
  now: Enforcement,
): boolean {
  return (
    isDeepStrictEqual(
      [before?.scan, before?.maxBodyBytes, before?.serverTools],
      [after.scan, after.maxBodyBytes, after.serverTools],
    ) &&
    !isNarrowed(before?.budget ?? {}, after.budget) &&
    isBottleAlike(enforcement, now)
  );
}

/** Whatever is answered, it goes on by the policy that it came under. */
const isAskedAlike = (before: Enforcement, now: Enforcement): boolean =>
  isDeepStrictEqual(before.policy.resolver, now.policy.resolver) &&
  isBottleAlike(before, now) &&
  hasAllSecrets(before, now);

/** A secret that came since would not be looked for in what the request says; another value of one ends nothing. */
const hasAllSecrets = (before: Enforcement, now: Enforcement): boolean =>
  [...now.secrets.keys()].every((id) => before.secrets.has(id));

const isBottleAlike = (before: Enforcement, now: Enforcement): boolean =>
  isLookedAtAlike(before, now) && !isNarrowed(before.policy.budget, now.policy.budget);

const isLookedAtAlike = (before: Enforcement, now: Enforcement): boolean =>
  isDeepStrictEqual(before.ownRules, now.ownRules);

/** A request that began counts against no limit of requests. */
function isNarrowed(before: PolicyBudget, after: PolicyBudget): boolean {
  return (["requestBytes", "modelTokens"] as const).some(
    (limit) => (after[limit] ?? Infinity) < (before[limit] ?? Infinity),
  );
}

/** A new value is for the next request: cutting off would end every stream whenever a token is renewed. */
function hasItsCredential({ head }: Exchange, route: PolicyRoute, now: Enforcement): boolean {
  if (route.auth.mode !== "inject") return true;
  const secret = now.secrets.get(secretId(route.auth.secret));
  if (secret === undefined) return false;
  return missingDestination(secret.destinations, route, head.host, head.port) === undefined;
}
