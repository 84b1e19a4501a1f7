import { describe, expect, it } from "vitest";
import type { KubeObject } from "../api/objects.ts";
import { gitFactsOf, gitStatusText } from "./git-status.ts";

const of = { bottle: "hello", namespace: "default" };
const aBottle = (status: KubeObject["status"] = {}): KubeObject => ({
  apiVersion: "bot-bottle.dev/v1alpha1",
  kind: "Bottle",
  metadata: { name: "hello" },
  status,
});
const secondsAgo = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

const text = (status: KubeObject["status"]): string => gitStatusText(gitFactsOf(aBottle(status), of));

describe("bb git status", () => {
  it("shows remotes, pushed branches, and what an agent was told", () => {
    const shown = text({
      conditions: [
        { type: "GitGateReady", status: "False", reason: "HostKeyMismatch", message: "lib: other key" },
      ],
      git: {
        remotes: [
          {
            name: "app",
            state: "ready",
            url: "ssh://git@git.example.com/team/app.git",
            refreshTime: secondsAgo(5),
            lastPush: {
              time: secondsAgo(180),
              outcome: "rejected",
              refs: ["refs/heads/work"],
              message: "a key",
            },
            branches: [{ name: "work", ahead: 3, behind: 1 }],
          },
          { name: "lib", state: "failed", reason: "HostKeyMismatch", message: "other key", branches: [] },
        ],
      },
    });
    expect(shown.replace(/ +/g, " ").replace(/[56]s/, "5s").split("\n")).toEqual([
      "CONDITION STATUS REASON SINCE MESSAGE",
      "GitGateReady False HostKeyMismatch <unknown> lib: other key",
      "",
      "REMOTE STATE REASON REFRESHED PUSHED URL",
      "app ready 5s ago rejected 3m ago ssh://git@git.example.com/team/app.git",
      "lib failed HostKeyMismatch never never <none>",
      "",
      "REMOTE BRANCH AHEAD BEHIND",
      "app work 3 1",
      "",
      "REMOTE REFS MESSAGE",
      "app refs/heads/work a key",
      "lib other key",
      "",
    ]);
  });

  it("lets nothing that an agent chose act on the terminal", () => {
    const branches = [{ name: "a\u001b]52;c;aGk=\u0007", ahead: 0, behind: 0 }];
    const lastPush = { time: secondsAgo(1), outcome: "failed", refs: ["r\u009b2J"], message: "\u202e" };
    const shown = text({ git: { remotes: [{ name: "app", state: "ready", branches, lastPush }] } });
    expect(shown).toMatch(/^[\n -~]*$/);
    expect(shown).toContain("\\u001b]52");
  });

  it("says nothing of a bottle that has no remotes", () => {
    expect(gitFactsOf(aBottle(), of)).toEqual({ ...of, condition: undefined, remotes: [] });
    expect(text({})).toBe("");
  });
});
