import { describe, expect, it } from "vitest";
import { aBottle } from "../../../tests/builders.ts";
import { purposeOf } from "./purpose.ts";

const NOW = new Date("2026-01-01T12:00:00Z");
const at = (shutdownTime: string, ttlSecondsAfterFinished?: number) => ({
  lifecycle: { shutdownTime, ...(ttlSecondsAfterFinished === undefined ? {} : { ttlSecondsAfterFinished }) },
});

describe("purposeOf", () => {
  it.each([
    { what: "runs by default", spec: {}, purpose: { kind: "run", untilMs: undefined } },
    {
      what: "runs until its shutdownTime",
      spec: at("2026-01-01T12:00:01Z"),
      purpose: { kind: "run", untilMs: 1_000 },
    },
    {
      what: "reads other time zones",
      spec: at("2026-01-01T13:00:01+01:00"),
      purpose: { kind: "run", untilMs: 1_000 },
    },
    {
      what: "is suspended when asked",
      spec: { operatingMode: "Suspended" as const },
      purpose: { kind: "suspend", reason: "AskedToSuspend", untilMs: undefined },
    },
    {
      what: "is suspended from its shutdownTime on, kept when there is no time to live",
      spec: at("2026-01-01T12:00:00Z"),
      purpose: { kind: "suspend", reason: "ShutdownTimeReached", untilMs: undefined },
    },
    {
      what: "waits for the end of its time to live",
      spec: at("2026-01-01T11:59:59Z", 10),
      purpose: { kind: "suspend", reason: "ShutdownTimeReached", untilMs: 9_000 },
    },
    { what: "expires at that end", spec: at("2026-01-01T11:59:50Z", 10), purpose: { kind: "expire" } },
    { what: "expires at once without any", spec: at("2026-01-01T12:00:00Z", 0), purpose: { kind: "expire" } },
  ])("$what", ({ spec, purpose }) => {
    expect(purposeOf(aBottle({ spec }), NOW)).toEqual(purpose);
  });

  it("is deletion before all else", () => {
    const bottle = aBottle({
      deletionTimestamp: "2026-01-01T11:00:00Z",
      spec: at("2026-01-01T11:00:00Z", 0),
    });

    expect(purposeOf(bottle, NOW)).toEqual({ kind: "delete" });
  });
});
