import { describe, expect, it } from "vitest";
import type { KubeObject } from "../api/objects.ts";
import { applyPatch, LAST_APPLIED, withLastApplied } from "./apply-patch.ts";

const aBottle = (spec: Record<string, unknown>): KubeObject => ({
  apiVersion: "bot-bottle.dev/v1alpha1",
  kind: "Bottle",
  metadata: { name: "hello" },
  spec,
});
const stored = (object: KubeObject): KubeObject => ({
  ...withLastApplied(object),
  metadata: { ...withLastApplied(object).metadata, uid: "u", resourceVersion: "7" },
});

describe("applyPatch", () => {
  it("changes nothing when the file says what was applied", () => {
    const bottle = aBottle({ provider: { name: "claude" } });
    expect(applyPatch(stored(bottle), bottle)).toBeUndefined();
  });

  it("changes what differs, adds what is new and removes what the file no longer has", () => {
    const before = aBottle({ provider: { name: "claude", model: "opus" }, env: [{ name: "A", value: "1" }] });
    const after = aBottle({ provider: { name: "none" }, operatingMode: "Suspended" });
    expect(applyPatch(stored(before), after)).toMatchObject({
      spec: { provider: { name: "none", model: null }, env: null, operatingMode: "Suspended" },
    });
  });

  it("keeps what others added", () => {
    const bottle = aBottle({ provider: { name: "claude" } });
    const live = stored(bottle);
    const labelled = {
      ...live,
      metadata: { ...live.metadata, labels: { by: "hand" } },
      spec: { ...live.spec, operatingMode: "Suspended" },
    };
    expect(applyPatch(labelled, bottle)).toBeUndefined();
  });

  it("replaces lists whole", () => {
    const before = aBottle({
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ],
    });
    const after = aBottle({ env: [{ name: "B", value: "2" }] });
    expect(applyPatch(stored(before), after)).toMatchObject({ spec: { env: [{ name: "B", value: "2" }] } });
  });

  it("never notes what a Secret held", () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { k: "dg==" } };
    expect(JSON.stringify(withLastApplied(secret))).not.toContain(LAST_APPLIED);
  });
});
