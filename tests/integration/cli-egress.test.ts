import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aBb, type Bb } from "./cli-kit.ts";

const record = (sequence: number, more: object): string =>
  JSON.stringify({
    ...{ time: `2026-01-01T00:00:0${sequence}.000Z`, sequence, run: "r", gate: "egress", because: "b" },
    ...{ verdict: "allow", code: "AllowedByAudit", wouldDeny: "HostNotAllowed", method: "GET", port: 443 },
    ...more,
  });

let bb: Bb;
beforeAll(() => {
  bb = aBb();
  mkdirSync(join(bb.stateDir, "audit"), { recursive: true });
  const audit = (name: string, ...lines: string[]): void =>
    writeFileSync(
      join(bb.stateDir, "audit", `default_${name}.ndjson`),
      lines.map((line) => `${line}\n`).join(""),
    );
  audit(
    "seen",
    record(1, { host: "api.example.com", path: "/v1/a" }),
    record(2, { host: "api.example.com", path: "/v1/b", method: "POST" }),
    record(3, {
      host: "new.example.com",
      path: "/",
      wouldDeny: undefined,
      verdict: "deny",
      code: "HostNotAllowed",
    }),
  );
  audit("content", record(1, { host: "api.example.com", code: "Allowed", wouldDeny: undefined }));
});
afterAll(() => bb.end());

describe("bb egress draft", () => {
  it("prints the routes that a bottle would need, of one that is gone, too", async () => {
    expect(await bb(["egress", "draft", "seen"])).toEqual({
      code: 0,
      stdout: [
        "egress:",
        "  routes:",
        "    # asked for 2 times, last 2026-01-01T00:00:02.000Z",
        "    - host: api.example.com",
        "      methods: [ GET, POST ]",
        "      paths: [ /v1/ ]",
        "    # asked for once, last 2026-01-01T00:00:03.000Z",
        "    - host: new.example.com",
        "",
      ].join("\n"),
      stderr: "the agent chose these hosts: read before you allow them\n",
    });
  });

  it("prints nothing when every request had its route", async () => {
    expect(await bb(["egress", "draft", "content"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "nothing was asked for that no route allows\n",
    });
  });

  it("says that there is no audit of a bottle", async () => {
    const { code, stderr } = await bb(["egress", "draft", "nobody"]);
    expect(code).toBe(1);
    expect(stderr).toContain("there is no audit of a bottle nobody in namespace default");
  });
});

describe("bb egress", () => {
  it("says what it needs", async () => {
    const { code, stderr } = await bb(["egress", "--policy", "p.yaml"]);
    expect(code).toBe(2);
    expect(stderr).toContain("--policy, --listen and --ca-out are needed");
  });
});
