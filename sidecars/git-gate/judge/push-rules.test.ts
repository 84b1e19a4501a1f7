import { describe, expect, it } from "vitest";
import type { RefUpdate } from "../contract.ts";
import type { PushPolicy } from "../../wire/git-policy.ts";
import { judgePush } from "./push-rules.ts";

const NONE = "0".repeat(40);
const OLD = "a".repeat(40);
const NEW = "b".repeat(40);

const strict: PushPolicy = {
  branches: ["agent/*", "main"],
  allowForce: false,
  allowDelete: false,
  allowTags: false,
  allowPushOptions: false,
  protectedPaths: [],
  maxObjects: 1,
  maxInflatedBytes: 1,
  maxBlobBytes: 1,
  timeoutMs: 1,
};

interface Push {
  readonly update?: Partial<RefUpdate>;
  readonly policy?: Partial<PushPolicy>;
  readonly isRewound?: boolean;
  readonly pushOptions?: readonly string[];
}

function rulesBrokenBy({ update, policy, isRewound = false, pushOptions = [] }: Push): string[] {
  const whole = { ref: "refs/heads/main", from: OLD, to: NEW, ...update };
  const rewound = new Set(isRewound ? [whole.ref] : []);
  const push = { updates: [whole], pushOptions, policy: { ...strict, ...policy }, rewound };
  return judgePush(push).map(({ rule }) => rule);
}

describe("judgePush", () => {
  it.each([
    "refs/notes/commits",
    "refs/replace/" + OLD,
    "refs/for/main",
    "refs/Heads/main",
    "HEAD",
    "main",
    "refs/heads",
    "--all",
  ])("refuses the ref %s under the widest policy", (ref) => {
    const policy = { branches: ["**"], allowForce: true, allowDelete: true, allowTags: true };

    expect(rulesBrokenBy({ update: { ref }, policy })).toEqual(["RefNotAllowed"]);
  });

  it.each(["--all", "HEAD", "abc", `${NEW}^`, `${NEW}\n`, NEW.toUpperCase()])(
    "refuses %j for an id",
    (to) => {
      expect(rulesBrokenBy({ update: { to } })).toEqual(["RefNotAllowed"]);
    },
  );

  it.each<[string, Push, string[]]>([
    ["a branch that grows", {}, []],
    ["a new branch", { update: { from: NONE } }, []],
    ["a branch within a glob", { update: { ref: "refs/heads/agent/one" } }, []],
    ["a branch deeper than a glob", { update: { ref: "refs/heads/agent/one/two" } }, ["BranchNotAllowed"]],
    ["a branch that only contains a name", { update: { ref: "refs/heads/main2" } }, ["BranchNotAllowed"]],
    ["any branch without globs", { policy: { branches: [] } }, ["BranchNotAllowed"]],
    ["a branch that loses commits", { isRewound: true }, ["ForceNotAllowed"]],
    ["the same where force is allowed", { isRewound: true, policy: { allowForce: true } }, []],
    ["a deletion", { update: { to: NONE } }, ["DeleteNotAllowed"]],
    ["a deletion where that is allowed", { update: { to: NONE }, policy: { allowDelete: true } }, []],
    [
      "a deletion outside the globs",
      { update: { ref: "refs/heads/x", to: NONE }, policy: { allowDelete: true } },
      ["BranchNotAllowed"],
    ],
    ["a tag", { update: { ref: "refs/tags/v1", from: NONE } }, ["TagNotAllowed"]],
    [
      "a tag where that is allowed",
      { update: { ref: "refs/tags/v1", from: NONE }, policy: { allowTags: true } },
      [],
    ],
    [
      "a tag that moves",
      { update: { ref: "refs/tags/v1" }, policy: { allowTags: true } },
      ["ForceNotAllowed"],
    ],
    ["push options", { pushOptions: ["ci.skip"] }, ["PushOptionsNotAllowed"]],
    ["push options where they are allowed", { pushOptions: ["a"], policy: { allowPushOptions: true } }, []],
  ])("judges %s", (_, push, rules) => {
    expect(rulesBrokenBy(push)).toEqual(rules);
  });

  it("names every ref that may not move, as nothing that steers a terminal", () => {
    const updates = ["refs/heads/x\u001b[2J", "refs/heads/y"].map((ref) => ({ ref, from: OLD, to: NEW }));

    const findings = judgePush({ updates, pushOptions: [], policy: strict, rewound: new Set() });

    expect(findings.map(({ where }) => where)).toEqual([String.raw`refs/heads/x\u{1b}[2J`, "refs/heads/y"]);
  });
});
