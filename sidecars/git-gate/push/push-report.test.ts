import { describe, expect, it } from "vitest";
import type { ChildEnd } from "../process/child.ts";
import { readPushReport } from "./push-report.ts";
import { upstreamErrorOf } from "../upstream/upstream-failure.ts";

const update = (ref: string) => ({ ref, from: "0".repeat(40), to: "1".repeat(40) });
const ended = (stdout: string, stderr = ""): ChildEnd => ({ ok: false, stdout, stderr });

describe("the report of a push", () => {
  it("has every ref once, a silent one as refused", () => {
    const stdout = [
      "To ssh://git@git.example.com/app.git",
      "*\t1111:refs/heads/a\t[new branch]",
      "!\t1111:refs/heads/b\t[remote rejected] (it is (b)\u001b[31m)",
      "=\t1111:refs/tags/stranger\t[up to date]",
      "Done",
    ].join("\n");
    const report = readPushReport(
      ended(stdout),
      ["a", "b", "c"].map((name) => update(`refs/heads/${name}`)),
    );
    expect(report.taken).toEqual(["refs/heads/a"]);
    expect([...report.refused]).toEqual([
      ["refs/heads/b", "it is (b)?[31m"],
      ["refs/heads/c", "upstream said nothing of it"],
    ]);
  });

  it("is read in time, whatever upstream gives for a reason", { timeout: 2000 }, () => {
    const reason = "(".repeat(65_000);
    const updates = Array.from({ length: 20 }, (_, index) => update(`refs/heads/${index}`));
    const stdout = updates.map(({ ref }) => `!\t1111:${ref}\t[remote rejected] ${reason}`).join("\n");
    expect(readPushReport(ended(stdout), updates).refused.size).toBe(20);
  });

  it("takes nothing from a silence", () => {
    const report = readPushReport(ended("", "remote: hello\nfatal: lost"), [update("refs/heads/a")]);
    expect(report).toEqual({ taken: [], refused: new Map(), words: ["hello"] });
  });
});

describe("the failure of an upstream", () => {
  it.each([
    ["Host key verification failed.", "HostKeyMismatch"],
    ["@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @", "HostKeyMismatch"],
    ["No ED25519 host key is known for x and you have requested strict checking.", "HostKeyMismatch"],
    ["git@x: Permission denied (publickey).", "AuthenticationFailed"],
    ["ssh: connect to host x port 22: Connection refused", "UpstreamUnreachable"],
    ["fatal: Could not read from remote repository.", "UpstreamUnreachable"],
  ])("that says %j is %s", (stderr, reason) => {
    expect(upstreamErrorOf(ended("", stderr))?.reason).toBe(reason);
  });

  it("is not what git says of its own repository", () => {
    expect(upstreamErrorOf(ended("", "fatal: bad object HEAD"))).toBeUndefined();
  });
});
