import { describe, expect, it } from "vitest";
import type { Condition, ConditionDraft } from "../../crds/condition.ts";
import { mergeConditions, summarizeReady } from "./conditions.ts";

const draft = (type: string, status: ConditionDraft["status"], reason = "R"): ConditionDraft => ({
  type,
  status,
  reason,
  message: `${type} is ${status}`,
});
const was = (type: string, status: Condition["status"]): Condition => ({
  ...draft(type, status),
  observedGeneration: 1,
  lastTransitionTime: "2026-01-01T00:00:00.000Z",
});
const about = { owned: ["Mine", "Other"], generation: 2, now: new Date("2026-01-02T00:00:00Z") };

describe("mergeConditions", () => {
  it("moves lastTransitionTime with the status and with nothing else", () => {
    const [same] = mergeConditions([was("Mine", "True")], [draft("Mine", "True", "Another")], about);
    const [moved] = mergeConditions([was("Mine", "True")], [draft("Mine", "False")], about);

    expect(same).toMatchObject({ reason: "Another", lastTransitionTime: "2026-01-01T00:00:00.000Z" });
    expect(moved).toMatchObject({ lastTransitionTime: "2026-01-02T00:00:00.000Z" });
  });

  it("drops what it owns and did not compute, and keeps what is others'", () => {
    const merged = mergeConditions(
      [was("Other", "True"), was("Theirs", "True")],
      [draft("Mine", "True")],
      about,
    );

    expect(merged.map(({ type }) => type)).toEqual(["Theirs", "Mine"]);
  });

  it("says which generation it speaks of", () => {
    expect(mergeConditions([was("Mine", "True")], [draft("Mine", "True")], about)).toMatchObject([
      { observedGeneration: 2 },
    ]);
  });
});

describe("summarizeReady", () => {
  const rules = [
    { type: "Stalled", wants: "False" },
    { type: "A", wants: "True" },
    { type: "B", wants: "True" },
  ] as const;

  it.each([
    {
      what: "all rules are met",
      conditions: [draft("A", "True"), draft("B", "True")],
      ready: { status: "True", reason: "AllReady" },
    },
    {
      what: "the first rule in order that is not met gives the reason",
      conditions: [draft("B", "False", "Later"), draft("A", "False", "First")],
      ready: { status: "False", reason: "First" },
    },
    {
      what: "what was not seen is Unknown",
      conditions: [draft("A", "Unknown", "Silent"), draft("B", "True")],
      ready: { status: "Unknown", reason: "Silent" },
    },
    {
      what: "what is not there was not observed",
      conditions: [draft("A", "True")],
      ready: { status: "Unknown", reason: "NotObserved" },
    },
    {
      what: "an abnormal condition stands in the way",
      conditions: [draft("A", "True"), draft("B", "True"), draft("Stalled", "True", "Spec")],
      ready: { status: "False", reason: "Spec" },
    },
  ])("$what", ({ conditions, ready }) => {
    expect(summarizeReady(conditions, rules)).toMatchObject({ type: "Ready", ...ready });
  });
});
