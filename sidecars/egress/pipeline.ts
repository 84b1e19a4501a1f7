import type { Asks } from "./asks/asks.ts";
import type { AuditLog } from "./audit-log.ts";
import type { Budgets } from "./budgets.ts";
import type { Interceptor, Step } from "./exchange.ts";
import { addressGuard } from "./interceptors/address-guard.ts";
import { audit } from "./interceptors/audit.ts";
import { body } from "./interceptors/body.ts";
import { byteBudget, requestBudget } from "./interceptors/budget.ts";
import { credentialCarriers } from "./interceptors/credential-carriers.ts";
import { formMethod } from "./interceptors/form-method.ts";
import { forgeWrites } from "./interceptors/forge-writes.ts";
import { gitPush } from "./interceptors/git-push.ts";
import { headScan } from "./interceptors/head-scan.ts";
import { injection } from "./interceptors/injection.ts";
import { mint } from "./interceptors/mint.ts";
import { overrides } from "./interceptors/overrides.ts";
import { pathLength } from "./interceptors/path-length.ts";
import { policy } from "./interceptors/policy.ts";
import { serverTools } from "./interceptors/server-tools.ts";
import { scrubbing } from "./interceptors/scrubbing.ts";
import { trailers } from "./interceptors/trailers.ts";
import type { UpstreamWorld } from "./upstream/connector.ts";
import type { UpstreamPools } from "./upstream/pools.ts";
import { relay } from "./upstream/relay.ts";
import { messageRelay } from "./websocket/relay-messages.ts";

export interface PipelineParts {
  readonly audit: AuditLog;
  readonly asks: Asks;
  readonly budgets: Budgets;
  readonly world: UpstreamWorld;
  readonly pools: UpstreamPools;
}

/**
 * The interceptors by name, outermost first. The order is the protection: what
 * is refused is refused before the next one looks, nothing is resolved or sent
 * before the scans, and the credential comes after them, last.
 */
export function interceptorsInOrder(parts: PipelineParts): readonly (readonly [name: string, Interceptor])[] {
  return [
    ["audit", audit(parts.audit, parts.world.clock)],
    ["policy", policy(parts.asks)],
    ["requestBudget", requestBudget(parts.budgets)],
    ["addressGuard", addressGuard(parts.world.overrides)],
    ["gitPush", gitPush()],
    ["pathLength", pathLength()],
    ["mint", mint()],
    ["overrides", overrides()],
    ["credentialCarriers", credentialCarriers()],
    ["headScan", headScan()],
    ["body", body()],
    ["trailers", trailers()],
    ["formMethod", formMethod()],
    ["serverTools", serverTools()],
    ["forgeWrites", forgeWrites()],
    ["byteBudget", byteBudget(parts.budgets)],
    ["scrubbing", scrubbing()],
    ["injection", injection(parts.world.clock)],
  ];
}

/** All of it, with the way to the upstream at its end. */
export function createPipeline(parts: PipelineParts): Step {
  const relayMessages = messageRelay(parts);
  const send: Step = (exchange) => {
    exchange.times.sent();
    return exchange.agent.upgrade === undefined ? relay(exchange, parts.pools) : relayMessages(exchange);
  };
  return interceptorsInOrder(parts).reduceRight((next, [, interceptor]) => interceptor(next), send);
}
