import { describe, expect, it } from "vitest";
import type { AuditRecord } from "../../../sidecars/wire/audit.ts";
import { gitLineText, isGitLine } from "./git-lines.ts";

const aLine = (more: Partial<AuditRecord> = {}): string =>
  JSON.stringify({
    ...{ time: "2026-01-01T00:00:00.123Z", sequence: 1, run: "r", gate: "git", verdict: "deny" },
    ...{ code: "PushRefused", because: "a key in a.txt", method: "push", route: "app" },
    ...more,
  });

describe("a git line of the audit", () => {
  it("is told from the others", () => {
    expect([aLine(), aLine({ gate: "egress" }), "{", '{"gate":'].map(isGitLine)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("is one line for people", () => {
    const refused = aLine({
      refs: ["refs/heads/work", "refs/tags/v1"],
      because: "aws-access-key: a.txt",
      durationMs: 1240,
    });
    expect(gitLineText(refused)).toBe(
      "2026-01-01T00:00:00Z deny  push  app  refs/heads/work refs/tags/v1  " +
        "PushRefused: aws-access-key: a.txt (1.2 s)",
    );
    const served = aLine({ verdict: "allow", method: "fetch", code: "Fetched", because: "" });
    expect(gitLineText(served)).toBe("2026-01-01T00:00:00Z allow fetch app  Fetched");
  });

  it("stays one line and acts on no terminal, whatever an agent names its refs", () => {
    const hostile = aLine({ refs: ["refs/heads/\u001b[2J\u202e"], because: "a\nb\u009b" });
    expect(gitLineText(hostile)).toMatch(/^[ -~]*$/);
  });
});
