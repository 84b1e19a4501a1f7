import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aBb, run, type Bb } from "./cli-kit.ts";

const BB = new URL("../../bb", import.meta.url).pathname;

let bb: Bb;
let script: string;
beforeAll(async () => {
  bb = aBb();
  const input = ["bottle/one", "bottle/other", "agent/reviewer"].map(objectOf).join("---\n");
  expect(await bb(["apply", "-f", "-"], { input })).toMatchObject({ code: 0 });
  script = join(bb.stateDir, "completion.bash");
  writeFileSync(script, (await bb(["completion", "bash"])).stdout);
});
afterAll(() => bb.end());

function objectOf(what: string): string {
  const [kind, name] = what.split("/");
  const bottle = "kind: Bottle\nspec: { provider: { name: none, image: x } }";
  const body = kind === "bottle" ? bottle : "kind: Agent\nspec: {}";
  return `apiVersion: bot-bottle.dev/v1alpha1\nmetadata: { name: ${name} }\n${body}\n`;
}

/** What a real bash, which was taught by the script, offers for the last word. */
async function offered(...words: string[]): Promise<string[]> {
  const quoted = [BB, ...words].map((word) => `'${word}'`).join(" ");
  const ask = `source ${script}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _bb; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { code, stdout, stderr } = await run(["bash", "-c", ask], { environment: bb.environment });
  expect([code, stderr]).toEqual([0, ""]);
  return stdout.split("\n").filter((word) => word !== "");
}

describe("completion in bash", () => {
  it.each([
    [["ge"], ["get"]],
    [
      ["images", ""],
      ["build", "list", "prune"],
    ],
    [["secret", "s"], ["set"]],
    [["get", "bottlec"], ["bottleclasses"]],
    [
      ["git", ""],
      ["known-host", "status"],
    ],
    [["git", "status", "on"], ["one"]],
    [
      ["egress", "draft", "o"],
      ["one", "other"],
    ],
    [
      ["git", "known-host", "x", "--type", "e"],
      ["ed25519", "ecdsa"],
    ],
    [
      ["get", "bottles", ""],
      ["one", "other"],
    ],
    [["get", "agents", ""], ["reviewer"]],
    [
      ["wait", "bottle/o"],
      ["bottle/one", "bottle/other"],
    ],
    [["attach", "on"], ["one"]],
    [["logs", "one", "--ta"], ["--tail"]],
    [["secret", "set", "x", "--from-e"], ["--from-env"]],
    [["logs", "one", "-c", "s"], ["sidecars"]],
    [["get", "bottles", "-o", "w"], ["wide"]],
    [["get", "bottles", "-n", ""], ["default"]],
  ])("offers for %j", async (words, wanted) => expect(await offered(...words)).toEqual(wanted));

  it("offers files after -f", async () => {
    expect(await offered("apply", "-f", join(bb.stateDir, "kubec"))).toEqual([
      join(bb.stateDir, "kubeconfig"),
    ]);
  });

  it("offers no names, and starts nothing, while no control plane runs", async () => {
    await bb(["down"]);
    expect(await offered("attach", "")).toEqual([]);
    expect(await bb(["status"])).toMatchObject({ code: 1 });
  });
});
