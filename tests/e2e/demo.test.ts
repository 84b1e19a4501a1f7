import { existsSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aBb, run, type Bb } from "../integration/cli-kit.ts";

let bb: Bb;
beforeEach(() => {
  bb = aBb({ BB_RUNTIME: "docker" });
});
afterEach(() => bb.end());

/** Everything of bot-bottle on the engine, whoever made it. */
async function onEngine(): Promise<string[]> {
  const labels = ["bot-bottle.dev/instance", "bot-bottle.dev/outside"];
  const queries = labels.flatMap((label) => [
    ["ps", "--all", "--format", "{{.Names}}", "--filter", `label=${label}`],
    ["volume", "ls", "--format", "{{.Name}}", "--filter", `label=${label}`],
    ["network", "ls", "--format", "{{.Name}}", "--filter", `label=${label}`],
  ]);
  const answers = await Promise.all(queries.map((words) => run(["docker", ...words])));
  return answers.flatMap(({ stdout }) => stdout.split("\n")).filter((name) => name !== "");
}

/** Bottles of others may come and go meanwhile; a stand-in is a demonstration's alone. */
const standIns = async () => (await onEngine()).filter((name) => name.includes("-outside-"));

describe("bb demo", () => {
  it("shows what the product promises, and leaves nothing", async () => {
    const before = await standIns();
    const { code, stdout, stderr } = await bb(["demo"]);
    expect([code, code === 0 ? "" : `${stdout}${stderr}`]).toEqual([0, ""]);
    expect(stdout).not.toContain("BROKEN");
    for (const claim of [
      "Hello from inside the bottle!",
      "holds     the Messages API saw the real token",
      "holds     the agent holds a placeholder",
      "holds     the real token is nowhere in the agent",
      "holds     the agent got 403",
      "holds     the agent got 403 for the key",
      "holds     not a byte of the key arrived",
      "holds     the push of the key was rejected",
      "holds     the agent was told in which file it is",
      "holds     the push of the note went through",
      "holds     the audit tells of the rejection",
      "holds     no object at the upstream has a byte of the key",
      "holds     the clean commit arrived there",
      "holds     the private key is nowhere in the agent",
      "holds     nothing of it is left",
    ]) {
      expect(stdout).toContain(claim);
    }
    expect(stdout).toMatch(/"verdict":"deny","code":"HostNotAllowed"/);
    expect(stdout).toMatch(/^EgressEnforced +True +Enforced/m);
    expect(existsSync(bb.stateDir) ? readdirSync(bb.stateDir) : []).toEqual([]);
    expect((await standIns()).filter((name) => !before.includes(name))).toEqual([]);
  });

  it.each(["starting what plays", "to be Ready", "asking Claude Code"])(
    "leaves nothing after Ctrl-C at %j",
    async (moment) => {
      const before = await standIns();
      const { code, stderr } = await bb(["demo"], { interruptAt: moment });
      expect(stderr).toContain(moment);
      expect(stderr).toMatch(/interrupted\n$/);
      expect(code).toBe(130);
      expect(existsSync(bb.stateDir) ? readdirSync(bb.stateDir) : []).toEqual([]);
      expect((await standIns()).filter((name) => !before.includes(name))).toEqual([]);
    },
  );
});
