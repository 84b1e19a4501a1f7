import { describe, expect, it } from "vitest";
import { aBottle } from "../../../tests/builders.ts";
import {
  anObserved,
  aPart,
  failing,
  NOW,
  RUNNING,
  someParts,
  WANTED,
} from "../../../tests/observed-builder.ts";
import type { Observed } from "../observed.ts";
import type { Obstacle } from "../obstacle.ts";
import type { PlanEnd } from "./plan.ts";
import { endOfStandstill } from "./standstill.ts";

const end = (observed: Partial<Observed> = {}, untilMs?: number): PlanEnd =>
  endOfStandstill({ bottle: aBottle(), now: NOW, untilMs }, anObserved(observed));
const blocked = (obstacle: Obstacle) => ({ ...WANTED, parts: { kind: "obstacle" as const, obstacle } });

describe("a pass with nothing to do", () => {
  it("looks again in a while when all is well, and in time for its end", () => {
    expect(end()).toEqual({ kind: "steady", afterMs: 20_000 });
    expect(end({}, 7_000)).toEqual({ kind: "steady", afterMs: 7_000 });
  });

  it.each([
    {
      what: "stalls on a spec that cannot be",
      observed: { wanted: blocked({ reason: "ClassCycle", message: "", end: "stalled" }) },
      expected: { kind: "stalled", reason: "ClassCycle" },
    },
    {
      what: "waits for an image",
      observed: { wanted: blocked({ reason: "ImageBuilding", message: "3/7", end: { waitMs: 1_000 } }) },
      expected: { kind: "progress", afterMs: 1_000, reason: "ImageBuilding", message: "3/7" },
    },
    {
      what: "stalls on sidecars of another make",
      observed: { enforcement: failing("SandboxNameTaken") },
      expected: { kind: "stalled", reason: "SandboxNameTaken" },
    },
    {
      what: "waits for enforcement and says what is missing",
      observed: { enforcement: failing("SidecarsSilent") },
      expected: { kind: "progress", afterMs: 1_000, reason: "SidecarsSilent" },
    },
    {
      what: "repeats a check that failed",
      observed: { agentCheck: { kind: "failed", message: "ca" } },
      expected: { kind: "progress", afterMs: 5_000, reason: "CheckFailed", message: "ca" },
    },
    {
      what: "waits for an agent that just ended",
      observed: { agentCheck: { kind: "notSeen" } },
      expected: { kind: "progress", afterMs: 1_000, reason: "NotRunning" },
    },
  ] as const)("$what", ({ observed, expected }) => {
    expect(end(observed)).toMatchObject(expected);
  });

  it("looks at a link that was just started again within moments", () => {
    const airlock = aPart("airlock", "running", { startedAt: new Date(NOW.getTime() - 100) });
    const parts = someParts({ ...RUNNING, airlock, agent: aPart("agent", "created") });

    expect(end({ parts, enforcement: failing("ProbeFailed") })).toMatchObject({ afterMs: 40 });
  });
});
