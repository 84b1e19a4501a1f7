import { describe, expect, it } from "vitest";
import type { AuditRecord } from "../../sidecars/wire/audit.ts";
import { BottleMetrics } from "./bottle-metrics.ts";

const owner = { namespace: "default", name: "hello" };
const OF = 'namespace="default",bottle="hello"';
const aPush = (more: Partial<AuditRecord> = {}): AuditRecord => ({
  ...{ time: "", sequence: 1, run: "r", gate: "git", verdict: "allow", code: "Pushed", because: "" },
  ...{ method: "push", route: "app", requestBytes: 1000, responseBytes: 20, durationMs: 300 },
  ...more,
});

/** Series without those of the histogram's buckets. */
const seriesOf = (metrics: BottleMetrics): string[] =>
  metrics
    .text()
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !line.includes("_bucket"));

describe("BottleMetrics", () => {
  it("counts fetches and pushes by remote, verdict and code, with bytes and time", () => {
    const metrics = new BottleMetrics();
    metrics.count(owner, aPush());
    metrics.count(owner, aPush());
    metrics.count(owner, aPush({ verdict: "deny", code: "PushRefused", durationMs: 2000 }));
    expect(seriesOf(metrics)).toEqual([
      `bot_bottle_git_operations_total{${OF},remote="app",operation="push",verdict="allow",code="Pushed"} 2`,
      `bot_bottle_git_operations_total{${OF},remote="app",operation="push",verdict="deny",code="PushRefused"} 1`,
      `bot_bottle_git_bytes_total{${OF},remote="app",operation="push",direction="received"} 3000`,
      `bot_bottle_git_bytes_total{${OF},remote="app",operation="push",direction="sent"} 60`,
      'bot_bottle_git_operation_duration_seconds_sum{operation="push",verdict="allow"} 0.6',
      'bot_bottle_git_operation_duration_seconds_count{operation="push",verdict="allow"} 2',
      'bot_bottle_git_operation_duration_seconds_sum{operation="push",verdict="deny"} 2',
      'bot_bottle_git_operation_duration_seconds_count{operation="push",verdict="deny"} 1',
    ]);
  });

  it("spreads times over buckets that hold those before them", () => {
    const metrics = new BottleMetrics();
    for (const durationMs of [10, 60, 90, 400_000]) metrics.count(owner, aPush({ durationMs }));
    const buckets = [...metrics.text().matchAll(/le="(?<le>[^"]+)"\} (?<count>\d+)/g)].map(
      ({ groups }) => `${groups?.["le"]}: ${groups?.["count"]}`,
    );
    expect(buckets.slice(0, 3)).toEqual(["0.05: 1", "0.1: 3", "0.25: 3"]);
    expect(buckets.slice(-2)).toEqual(["300.0: 3", "+Inf: 4"]);
  });

  it("counts requests of egress by verdict and code, and nothing of where they went", () => {
    const metrics = new BottleMetrics();
    const request = { gate: "egress", method: "GET", host: "evil.example", path: "/x" } as const;
    metrics.count(owner, aPush({ ...request, verdict: "deny", code: "HostNotAllowed" }));
    expect(seriesOf(metrics)).toEqual([
      `bot_bottle_egress_requests_total{${OF},verdict="deny",code="HostNotAllowed"} 1`,
      `bot_bottle_egress_bytes_total{${OF},direction="received"} 1000`,
      `bot_bottle_egress_bytes_total{${OF},direction="sent"} 20`,
    ]);
    expect(metrics.text()).not.toContain("evil");
  });

  it("has a bounded number of series, whatever the records say", () => {
    const metrics = new BottleMetrics();
    for (let index = 0; index < 5000; index++) {
      metrics.count(owner, aPush({ route: `r${index}`, code: `Code${index}` }));
      metrics.count(owner, aPush({ route: 'x"}\n1', code: "a b" }));
      metrics.count(owner, aPush({ method: `M${index}` }));
    }
    expect(seriesOf(metrics).length).toBeLessThan(1000);
    expect(metrics.text()).toContain('remote="Other"');
    expect(
      metrics
        .text()
        .split("\n")
        .every((line) => /^(#|bot_bottle_|$)/.test(line)),
    ).toBe(true);
  });

  it("forgets a bottle that is gone, and no other", () => {
    const metrics = new BottleMetrics();
    metrics.count(owner, aPush());
    metrics.count({ ...owner, name: "other" }, aPush());
    metrics.forget(owner);
    expect(metrics.text()).not.toContain('bottle="hello"');
    expect(metrics.text()).toContain('bottle="other"');
  });

  it("tells how long requests were scanned, and how long upstreams took", () => {
    const metrics = new BottleMetrics();
    const request = { gate: "egress", method: "GET", code: "Allowed", durationMs: undefined } as const;
    metrics.count(owner, aPush({ ...request, scanMs: 2, upstreamMs: 150 }));
    metrics.count(owner, aPush({ ...request, verdict: "deny", code: "SecretInBody", scanMs: 4 }));
    metrics.count(owner, aPush({ ...request, verdict: "info", code: "BudgetSpent" }));
    expect(seriesOf(metrics).filter((line) => /_duration_|requests/.test(line))).toEqual([
      `bot_bottle_egress_requests_total{${OF},verdict="allow",code="Allowed"} 1`,
      `bot_bottle_egress_requests_total{${OF},verdict="deny",code="SecretInBody"} 1`,
      'bot_bottle_egress_scan_duration_seconds_sum{verdict="allow"} 0.002',
      'bot_bottle_egress_scan_duration_seconds_count{verdict="allow"} 1',
      'bot_bottle_egress_scan_duration_seconds_sum{verdict="deny"} 0.004',
      'bot_bottle_egress_scan_duration_seconds_count{verdict="deny"} 1',
      'bot_bottle_egress_upstream_duration_seconds_sum{verdict="allow"} 0.15',
      'bot_bottle_egress_upstream_duration_seconds_count{verdict="allow"} 1',
    ]);
  });
});
