import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PushRepository, rulesOf } from "./git-push-kit.ts";

let repository: PushRepository;
let taken: string;
beforeEach(() => {
  repository = new PushRepository();
  taken = repository.commit({ files: base });
});
afterEach(() => repository[Symbol.dispose]());

const workflow = { ".github": { workflows: { "ci.yml": "on: push\n" } } };
const base = { ...workflow, a: "a", "notes.yml": "on: everything\n" };

type Files = NonNullable<Parameters<PushRepository["commit"]>[0]["files"]>;

const inspect = (to: string): Promise<unknown> =>
  repository.inspect({ from: taken, to }, { confirmed: [taken] }).then(rulesOf);

describe("a protected path", () => {
  it.each<[string, Files]>([
    ["is changed", { ...base, ".github": { workflows: { "ci.yml": "on: everything\n" } } }],
    ["is added", { ...base, ".gitlab-ci.yml": "script: x\n" }],
    ["is written in capitals", { ...base, ".GitHub": { Workflows: { "x.yml": "" } } }],
    ["has a letter that is another one in capitals", { ...base, ".github": { "workflow\u017f": { x: "" } } }],
    ["has a letter that some file systems ignore", { ...base, ".git\u200chub": { workflows: { x: "" } } }],
    ["has a dot at its end, which others cut off", { ...base, ".github": { "workflows.": { x: "" } } }],
    ["is the stream of a file", { ...base, "Jenkinsfile::$DATA": "x" }],
    ["is removed", { a: "a", "notes.yml": "on: everything\n" }],
    [
      "gets what upstream has elsewhere",
      { ...base, ".gitea": { workflows: { "x.yml": "on: everything\n" } } },
    ],
    ["gets another mode", { ...base, ".github": { workflows: { "ci.yml": { mode: "100755", id: "" } } } }],
    ["gets a link for a directory above it", { ...base, ".forgejo": { mode: "120000", id: "" } }],
    [
      "gets a submodule for a directory above it",
      { ...base, ".gitea": { mode: "160000", id: "1".repeat(40) } },
    ],
  ])("refuses a push in which it %s", async (_, files) => {
    const blob = repository.object("blob", "on: push\n");
    const whole = JSON.parse(JSON.stringify(files).replaceAll('"id":""', `"id":"${blob}"`)) as Files;

    const rules = await inspect(repository.commit({ parents: [taken], files: whole }));

    expect(rules).toContain("ProtectedPath");
  });

  it("refuses a push in which it changes and changes back", async () => {
    const changed = repository.commit({ parents: [taken], files: { ...base, ".drone.yml": "x" } });

    expect(await inspect(repository.commit({ parents: [changed], files: base }))).toEqual([
      "ProtectedPath",
      "ProtectedPath",
    ]);
  });

  it("refuses a merge that changes it as none of its parents does", async () => {
    const other = repository.commit({ parents: [taken], files: { ...base, b: "b" } });
    const files = { ...base, b: "b", Jenkinsfile: "x" };

    expect(await inspect(repository.commit({ parents: [taken, other], files }))).toEqual(["ProtectedPath"]);
  });

  it("refuses a root commit that has it", async () => {
    const to = repository.commit({ files: base, message: "from nothing" });

    expect(rulesOf(await repository.inspect({ to }, { confirmed: [taken] }))).toEqual(["ProtectedPath"]);
  });

  it("may come from upstream by a merge", async () => {
    const upstream = repository.commit({ parents: [taken], files: { ...base, Jenkinsfile: "x" } });
    const mine = repository.commit({ parents: [taken], files: { ...base, b: "b" } });
    const to = repository.commit({ parents: [mine, upstream], files: { ...base, Jenkinsfile: "x", b: "b" } });

    const verdict = await repository.inspect({ from: taken, to }, { confirmed: [upstream] });

    expect(rulesOf(verdict)).toEqual([]);
  });

  it("may stay as it is, and change where the class allows it", async () => {
    const same = repository.commit({ parents: [taken], files: { ...base, b: "b" } });
    const to = repository.commit({ parents: [same], files: { ...base, ".gitlab-ci.yml": "x" } });

    expect(await inspect(same)).toEqual([]);
    const allowed = await repository.inspect(
      { from: taken, to },
      { confirmed: [taken], policy: { protectedPaths: [] } },
    );
    expect(rulesOf(allowed)).toEqual([]);
  });

  it("is protected wherever a glob reaches, and by that alone", async () => {
    const policy = { protectedPaths: ["**/build.rs", "deploy/*", "ä.*"] };
    const judge = async (files: Files): Promise<string[]> => {
      const to = repository.commit({ parents: [taken], files: { ...base, ...files } });
      return rulesOf(await repository.inspect({ from: taken, to }, { confirmed: [taken], policy }));
    };

    expect(await judge({ x: { y: { "build.rs": "" } } })).toEqual(["ProtectedPath"]);
    expect(await judge({ "ä.yml": "" })).toEqual(["ProtectedPath"]);
    expect(await judge({ deploy: { a: "" } })).toEqual(["ProtectedPath"]);
    expect(await judge({ deploy: { a: { b: "" } }, "mybuild.rs": "" })).toEqual([]);
  });
});
