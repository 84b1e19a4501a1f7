import { describe, expect, it } from "vitest";
import type { ApiObject } from "../../crds/metadata.ts";
import type { AuditRecord } from "../../sidecars/wire/audit.ts";
import { DenialEvents } from "./denial-events.ts";

const bottle: ApiObject = {
  apiVersion: "bot-bottle.dev/v1alpha1",
  kind: "Bottle",
  metadata: { name: "hello", namespace: "default", uid: "u", resourceVersion: "1", creationTimestamp: "" },
};
const denial = (host: string, verdict: AuditRecord["verdict"] = "deny"): AuditRecord => ({
  ...{ time: "", sequence: 1, run: "r", gate: "egress", code: "HostNotAllowed" },
  ...{ verdict, host, port: 443, path: "/?token=x", because: `no route names ${host}` },
});

describe("DenialEvents", () => {
  const told: { reason: string; message: string }[] = [];
  let now = new Date("2026-01-01T00:00:00Z");
  const denials = new DenialEvents({ record: (_about, event) => void told.push(event) }, () => now);

  it("tells a denial with host and cause, and nothing of its path", () => {
    denials.tell(bottle, denial("evil.example"));
    expect(told).toEqual([
      { type: "Warning", reason: "HostNotAllowed", message: "evil.example:443: no route names evil.example" },
    ]);
  });

  it("says nothing of what was allowed", () => {
    denials.tell(bottle, denial("good.example", "allow"));
    expect(told).toHaveLength(1);
  });

  it("stops at a number of different ones and says so once", () => {
    for (let index = 0; index < 100; index++) denials.tell(bottle, denial(`h${index}.example`));
    expect(told).toHaveLength(21);
    expect(told.at(-1)?.reason).toBe("ManyDenials");
  });

  it("tells again after a while", () => {
    now = new Date(now.getTime() + 10 * 60_000);
    denials.tell(bottle, denial("evil.example"));
    expect(told).toHaveLength(22);
  });
});
