import { describe, expect, it } from "vitest";
import type { ApiObject } from "../../crds/metadata.ts";
import type { AuditRecord } from "../../sidecars/wire/audit.ts";
import { AuditEvents } from "./audit-events.ts";

const bottle: ApiObject = {
  apiVersion: "bot-bottle.dev/v1alpha1",
  kind: "Bottle",
  metadata: { name: "hello", namespace: "default", uid: "u", resourceVersion: "1", creationTimestamp: "" },
};
const denial = (host: string, verdict: AuditRecord["verdict"] = "deny"): AuditRecord => ({
  ...{ time: "", sequence: 1, run: "r", gate: "egress", code: "HostNotAllowed" },
  ...{ verdict, host, port: 443, path: "/?token=x", because: `no route names ${host}` },
});

const push = (more: Partial<AuditRecord> = {}): AuditRecord => ({
  ...denial("git.example.com", "allow"),
  ...{ gate: "git", method: "push", route: "app", code: "Pushed", because: "", refs: ["refs/heads/work"] },
  ...more,
});

describe("AuditEvents", () => {
  const told: { reason: string; message: string }[] = [];
  let now = new Date("2026-01-01T00:00:00Z");
  const audited = new AuditEvents({ record: (_about, event) => void told.push(event) }, () => now);

  it("tells a denial with host and cause, and nothing of its path", () => {
    audited.tell(bottle, denial("evil.example"));
    expect(told).toEqual([
      { type: "Warning", reason: "HostNotAllowed", message: "evil.example:443: no route names evil.example" },
    ]);
  });

  it("says nothing of what was allowed", () => {
    audited.tell(bottle, denial("good.example", "allow"));
    expect(told).toHaveLength(1);
  });

  it("stops at a number of different ones and says so once", () => {
    for (let index = 0; index < 100; index++) audited.tell(bottle, denial(`h${index}.example`));
    expect(told).toHaveLength(21);
    expect(told.at(-1)?.reason).toBe("ManyDenials");
  });

  it("tells again after a while", () => {
    now = new Date(now.getTime() + 10 * 60_000);
    audited.tell(bottle, denial("evil.example"));
    expect(told).toHaveLength(22);
  });

  it("tells of a canary by a name of its own, however many other denials there were", () => {
    for (let index = 0; index < 100; index++) audited.tell(bottle, denial(`m${index}.example`));
    told.length = 0;
    const because = "the request holds a secret (canary) in body";
    audited.tell(bottle, { ...denial("evil.example"), code: "SecretInBody", rule: "canary", because });
    audited.tell(bottle, push({ verdict: "deny", code: "PushRefused", rule: "canary", because }));
    expect(told.map(({ reason }) => reason)).toEqual(["CanarySent", "CanarySent"]);
    expect(told[0]?.message).toBe(`evil.example:443: ${because}`);
  });

  it("tells pushes, refused ones, and what kept git from its upstream", () => {
    now = new Date(now.getTime() + 10 * 60_000);
    told.length = 0;
    audited.tell(bottle, push());
    audited.tell(bottle, push({ verdict: "deny", code: "PushRefused", because: "a key in a.txt" }));
    audited.tell(
      bottle,
      push({ verdict: "error", method: "fetch", code: "HostKeyMismatch", refs: [], because: "x" }),
    );
    audited.tell(bottle, push({ method: "fetch", code: "Fetched" }));
    expect(told).toEqual([
      { type: "Normal", reason: "Pushed", message: "app: refs/heads/work" },
      { type: "Warning", reason: "PushRefused", message: "app: refs/heads/work: a key in a.txt" },
      { type: "Warning", reason: "HostKeyMismatch", message: "app: x" },
    ]);
  });

  it("lets neither names of refs nor words of others act on a terminal, and bounds them", () => {
    told.length = 0;
    const refs = ["a\u001b[2J\n", "b\u202e", "c", "d", "e"];
    audited.tell(bottle, push({ verdict: "deny", refs, because: "x".repeat(5000) }));
    expect(told[0]?.message).toMatch(/^app: a\\u001b\[2J\\n b\\u202e c and 2 more: x+$/);
    expect(told[0]?.message).toHaveLength(512);
  });

  it("lets many pushes hide no denial", () => {
    now = new Date(now.getTime() + 10 * 60_000);
    told.length = 0;
    for (let index = 0; index < 100; index++) audited.tell(bottle, push({ refs: [`refs/heads/${index}`] }));
    audited.tell(bottle, push({ verdict: "deny", code: "PushRefused" }));
    expect(told.map(({ reason }) => reason)).toEqual([
      ...Array.from({ length: 20 }, () => "Pushed"),
      "ManyPushes",
      "PushRefused",
    ]);
  });
});
