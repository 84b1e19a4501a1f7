import { expect, it } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import type { GateEvent } from "../contract.ts";
import { RemoteReports } from "./remote-reports.ts";

it("follows no branch whose name is too long for a report or would act on a terminal", () => {
  const reports = new RemoteReports(systemClock, () => undefined);
  const push = { branches: [], protectedPaths: [] };
  reports.begin([{ name: "app", url: "a", push } as unknown as Policy], () => false);
  const names = ["work", "x".repeat(60_000), "csi\u009b2J", "turn\u202e"];
  const pushed = { remote: "app", method: "push", outcome: "accepted", code: "Pushed", because: "" } as const;
  const counts = { requestBytes: 0, responseBytes: 0, durationMs: 0 };
  const event: GateEvent = { ...pushed, ...counts, refs: names.map((name) => `refs/heads/${name}`) };

  reports.note(event);

  expect(reports.pushedBranches("app")).toEqual(["work"]);
  expect(JSON.stringify(reports.all()).length).toBeLessThan(2000);
});

type Policy = Parameters<RemoteReports["begin"]>[0][number];
