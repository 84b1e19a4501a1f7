import { describe, expect, it } from "vitest";
import { Asks } from "./asks/asks.ts";
import { NO_AUDIT } from "./audit-log.ts";
import { Budgets } from "./budgets.ts";
import { systemClock } from "../shared/clock.ts";
import { interceptorsInOrder } from "./pipeline.ts";
import { createTrust } from "./upstream/connector.ts";
import { UpstreamPools } from "./upstream/pools.ts";

describe("the pipeline", () => {
  it("records first, decides before it looks, scans before it resolves, and injects last", () => {
    const world = {
      resolve: () => Promise.resolve([]),
      overrides: new Map(),
      trust: createTrust(undefined),
      clock: systemClock,
    };
    const order = interceptorsInOrder({
      audit: NO_AUDIT,
      world,
      pools: new UpstreamPools(world),
      asks: new Asks(systemClock),
      budgets: new Budgets(systemClock, NO_AUDIT),
    });
    expect(order.map(([name]) => name)).toEqual([
      "audit",
      "policy",
      "requestBudget",
      "addressGuard",
      "gitPush",
      "pathLength",
      "mint",
      "overrides",
      "credentialCarriers",
      "headScan",
      "body",
      "trailers",
      "formMethod",
      "serverTools",
      "forgeWrites",
      "byteBudget",
      "scrubbing",
      "injection",
    ]);
  });
});
