import { describe, expect, it } from "vitest";
import { NO_AUDIT } from "./audit-log.ts";
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
    const order = interceptorsInOrder({ audit: NO_AUDIT, world, pools: new UpstreamPools(world) });
    expect(order.map(([name]) => name)).toEqual([
      "audit",
      "policy",
      "addressGuard",
      "gitPush",
      "overrides",
      "credentialCarriers",
      "headScan",
      "body",
      "serverTools",
      "scrubbing",
      "injection",
    ]);
  });
});
