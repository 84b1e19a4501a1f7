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
  WANTED_PARTS,
} from "../../../tests/observed-builder.ts";
import type { Observed } from "../observed.ts";
import type { Obstacle } from "../obstacle.ts";
import { planAgent } from "./plan-agent.ts";
import { planRun } from "./plan-run.ts";
import { stepsOf, type Work } from "./steps.ts";

const provisioned = { homeProvisionedTime: "2026-01-01T00:00:00Z", homeFilesHash: "kept" };
const failedSince = (ms: number) => ({
  ...provisioned,
  conditions: [
    {
      type: "EgressEnforced",
      status: "False" as const,
      reason: "ProbeFailed",
      message: "",
      lastTransitionTime: new Date(NOW.getTime() - ms).toISOString(),
    },
  ],
});
const plan = (observed: Partial<Observed> = {}, status: object = provisioned, untilMs?: number) =>
  planRun({ bottle: aBottle({ status }), now: NOW, untilMs }, anObserved(observed));
const said = (work: Work): string[] =>
  stepsOf(work).map((step) => {
    const name =
      "name" in step
        ? step.name
        : "spec" in step
          ? step.spec.name
          : "sidecars" in step
            ? step.sidecars.name
            : "";
    return `${step.kind} ${name.replace("bb-uid-1-", "")}`;
  });
const does = (observed: Partial<Observed>, status?: object): string[] => said(plan(observed, status).work);
const blocked = (obstacle: Obstacle) => ({ ...WANTED, parts: { kind: "obstacle" as const, obstacle } });

describe("planRun", () => {
  it("plans nothing when all is as asked, and looks again in a while", () => {
    expect(does({})).toEqual([]);
    expect(plan().end).toEqual({ kind: "steady", afterMs: 20_000 });
    expect(plan({}, provisioned, 7_000).end).toEqual({ kind: "steady", afterMs: 7_000 });
  });

  it("makes a new bottle: what it stands on, then all at once, and never the agent's start", () => {
    const parts = someParts({}, {});
    const work = plan({ parts, enforcement: failing("SidecarsNotRunning") }, {}).work;

    expect(said(work)).toEqual([
      "createVolume home",
      "createVolume sockets",
      "createVolume mirrors",
      "create sidecars",
      "start sidecars",
      "configure sidecars",
      "create airlock",
      "start airlock",
      "probe airlock",
      "create agent",
    ]);
    const [volumes, rest] = "inOrder" in work ? work.inOrder : [];
    expect(volumes).toHaveProperty("together");
    expect(rest).toHaveProperty("together");
  });

  describe("danger: a live agent that cannot be shown to be held", () => {
    it.each([
      "SidecarsNotRunning",
      "SidecarsOutdated",
      "SidecarsSilent",
      "PolicyOutdated",
      "PolicyRefused",
      "ProbeFailed",
      "LinkDown",
      "ClassNotFound",
      "SandboxNameTaken",
    ] as const)("is frozen, and nothing else is done first, when %s", (reason) => {
      const { work, end } = plan({ enforcement: failing(reason) });

      expect(said(work)).toEqual(["pause agent"]);
      expect(end).toMatchObject({ kind: "progress", afterMs: 0, reason });
    });

    it.each([
      { what: "gone", airlock: {} },
      { what: "dead", airlock: { airlock: aPart("airlock", "exited") } },
      { what: "made anew", airlock: { airlock: aPart("airlock", "running", { id: "another" }) } },
      { what: "younger than it", airlock: { airlock: aPart("airlock", "running", { startedAt: NOW }) } },
    ])("is stopped when its airlock is $what, whatever the probe says", ({ airlock }) => {
      for (const agent of ["running", "paused"] as const) {
        const parts = someParts({ sidecars: "running", agent, ...airlock });
        expect(does({ parts })).toEqual(["stop agent"]);
      }
    });

    it("is stopped when freezing it did not mend the probe within fifteen seconds", () => {
      const parts = someParts({ ...RUNNING, agent: "paused" });
      const enforcement = failing("ProbeFailed");

      expect(does({ parts, enforcement }, failedSince(14_999))).toEqual([]);
      expect(does({ parts, enforcement }, failedSince(15_000))).toEqual(["stop agent"]);
    });

    it("stays frozen, however long, when its sidecars are what is missing", () => {
      const parts = someParts({
        ...RUNNING,
        agent: "paused",
        sidecars: aPart("sidecars", "running", { startedAt: NOW }),
      });

      expect(does({ parts, enforcement: failing("SidecarsSilent") }, failedSince(3_600_000))).toEqual([]);
    });
  });

  describe("what is out of date", () => {
    const old = { specHash: "old" };

    it.each([
      {
        what: "a running agent",
        parts: { ...RUNNING, agent: aPart("agent", "running", old) },
        steps: ["stop agent", "remove agent"],
      },
      {
        what: "a stopped agent",
        parts: { ...RUNNING, agent: aPart("agent", "exited", old) },
        steps: ["remove agent"],
      },
      {
        what: "sidecars",
        parts: { ...RUNNING, agent: "paused" as const, sidecars: aPart("sidecars", "running", old) },
        steps: ["remove sidecars"],
      },
      {
        what: "an airlock, with the agent that sits in its namespace",
        parts: { ...RUNNING, airlock: aPart("airlock", "running", old) },
        steps: ["stop agent", "remove agent", "remove airlock"],
      },
      {
        what: "an agent that joined another airlock",
        parts: { ...RUNNING, agent: aPart("agent", "created", { joinedId: "gone" }) },
        steps: ["remove agent"],
      },
    ])("is removed: $what", ({ parts, steps }) => {
      expect(does({ parts: someParts(parts) })).toEqual(steps);
    });

    it("stays while it is not known what should be there instead", () => {
      const obstacle: Obstacle = { reason: "ImageBuilding", message: "3/7", end: { waitMs: 1_000 } };
      const parts = someParts({ ...RUNNING, sidecars: aPart("sidecars", "running", old) });

      const { work, end } = plan({ parts, wanted: blocked(obstacle) });

      expect(said(work)).toEqual([]);
      expect(end).toEqual({ kind: "progress", afterMs: 1_000, reason: "ImageBuilding", message: "3/7" });
    });
  });

  describe("what is missing around the agent", () => {
    const down = failing("SidecarsNotRunning");

    it.each([
      {
        what: "dead sidecars",
        parts: { ...RUNNING, agent: "paused", sidecars: "exited" },
        steps: ["create sidecars", "start sidecars", "configure sidecars", "probe airlock"],
      },
      {
        what: "paused sidecars",
        parts: { ...RUNNING, agent: "paused", sidecars: "paused" },
        steps: ["unpause sidecars", "configure sidecars"],
      },
      {
        what: "a dead airlock",
        parts: { ...RUNNING, agent: "exited", airlock: "exited" },
        steps: ["create airlock", "start airlock", "probe airlock"],
      },
      { what: "an agent", parts: { airlock: "running", sidecars: "running" }, steps: ["create agent"] },
    ] as const)("is brought back: $what", ({ parts, steps }) => {
      expect(does({ parts: someParts(parts), enforcement: down })).toEqual(steps);
    });

    it("rests a little when it ended right after its start", () => {
      const sidecars = aPart("sidecars", "exited", { startedAt: new Date(NOW.getTime() - 4_999) });

      const { work, end } = plan({
        parts: someParts({ ...RUNNING, agent: "paused", sidecars }),
        enforcement: down,
      });

      expect(said(work)).toEqual([]);
      expect(end).toMatchObject({ kind: "progress", afterMs: 1_000 });
    });

    it.each([
      { age: 29_999, steps: [] },
      { age: 30_000, steps: ["stop sidecars"] },
    ])("silent sidecars that started $age ms ago: $steps", ({ age, steps }) => {
      const sidecars = aPart("sidecars", "running", { startedAt: new Date(NOW.getTime() - age) });
      const parts = someParts({ ...RUNNING, agent: "paused", sidecars });

      expect(does({ parts, enforcement: failing("SidecarsSilent") })).toEqual(steps);
    });

    it("restarts an airlock that does not answer only when nobody is inside", () => {
      const enforcement = failing("ProbeFailed");

      expect(does({ parts: someParts({ ...RUNNING, agent: "exited" }), enforcement })).toEqual([
        "stop airlock",
      ]);
      expect(does({ parts: someParts({ ...RUNNING, agent: "paused" }), enforcement })).toEqual([]);
    });
  });

  describe("the agent", () => {
    const made = { ...RUNNING, agent: "created" } as const;

    it("starts when enforcement holds and its home has its files", () => {
      expect(does({ parts: someParts(made) })).toEqual(["create agent", "start agent"]);
    });

    it("gets its files again, and no start, until status says that they are there", () => {
      const { work } = plan({ parts: someParts(made) }, {});

      expect(stepsOf(work)).toEqual([{ kind: "create", spec: WANTED_PARTS.sandboxes.agent }]);
      expect(WANTED_PARTS.sandboxes.agent.homeFiles).toHaveLength(1);
    });

    it("never gets files into a home that has lived, even when status forgot, and starts", () => {
      const { work } = plan({ parts: someParts({ ...RUNNING, agent: "exited" }) }, { homeFilesHash: "kept" });

      const { homeFiles: _none, ...spec } = WANTED_PARTS.sandboxes.agent;
      expect(stepsOf(work)).toEqual([
        { kind: "create", spec },
        { kind: "start", name: spec.name },
      ]);
    });

    it("is not started by its own decider before its home has its files, whoever is asked first", () => {
      const request = { bottle: aBottle(), now: NOW, untilMs: undefined };

      expect(planAgent(request, anObserved({ parts: someParts(made) }), WANTED_PARTS)).toBeUndefined();
    });

    it.each(["created", "exited"] as const)(
      "does not start from %s while enforcement does not hold",
      (agent) => {
        const parts = someParts({ ...RUNNING, agent });

        expect(does({ parts, enforcement: failing("PolicyOutdated") })).toEqual([]);
      },
    );

    it("goes on when it was frozen and enforcement holds again", () => {
      expect(does({ parts: someParts({ ...RUNNING, agent: "paused" }) })).toEqual(["unpause agent"]);
    });

    it("is given a prompt that changed, as itself, without a restart", () => {
      expect(does({}, { ...provisioned, homeFilesHash: "older" })).toEqual(["refreshHome agent"]);
    });

    it("does not start without a secret that a route needs", () => {
      const secretsObstacle: Obstacle = { reason: "SecretMissing", message: "", end: { waitMs: 30_000 } };

      const { work, end } = plan({ parts: someParts(made), wanted: { ...WANTED, secretsObstacle } });

      expect(said(work)).toEqual([]);
      expect(end).toMatchObject({ kind: "progress", reason: "SecretMissing" });
    });
  });
});
