import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aBb, type Bb } from "./cli-kit.ts";

let bb: Bb;
beforeAll(async () => {
  bb = aBb();
  await bb(["apply", "-f", "-"], { input: bottle("there") });
});
afterAll(() => bb.end());

const bottle = (
  name: string,
  more = "",
  namespace = "default",
): string => `apiVersion: bot-bottle.dev/v1alpha1
kind: Bottle
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  provider: { name: none, image: x }
${more}`;

describe("bb without a command", () => {
  it.each([[[]], [["images"]], [["secret"]]])("%j shows help on stdout", async (words) => {
    const { code, stdout, stderr } = await bb(words);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^Usage: bb/);
    expect(stdout).toMatch(/Examples:|Start here:/);
  });

  it.each([
    [["gte"], /^next: bb --help/m],
    [["secret", "set", "x"], /^next: bb secret set --help/m],
    [["exec", "there", "ls", "-l"], /^next: .*bb exec NAME -- ls -l/m],
  ])("%j says where to read on", async (words, next) => {
    const { code, stdout, stderr } = await bb(words);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(next);
  });
});

describe("bb apply", () => {
  it("tells each unknown field with its own line", async () => {
    const input = bottle("bad", "  egres: {}\n  suprvise: {}\n");
    const { code, stderr } = await bb(["apply", "-f", "-"], { input });
    expect(code).toBe(1);
    expect(stderr).toMatch(/stdin:6: unknown field "spec\.egres"; did you mean "egress"\?$/m);
    expect(stderr).toMatch(/stdin:7: unknown field "spec\.suprvise"/m);
  });

  it("says which version a kind has", async () => {
    const input = bottle("bad").replace("v1alpha1", "v1");
    const { code, stderr } = await bb(["apply", "-f", "-"], { input });
    expect(code).toBe(1);
    expect(stderr).toMatch(/stdin:1: there is no Bottle in bot-bottle\.dev\/v1$/m);
    expect(stderr).toMatch(/^next: write apiVersion: bot-bottle\.dev\/v1alpha1/m);
  });

  it("applies nothing when a namespace is neither there nor in the files", async () => {
    const input = `${bottle("first")}---\n${bottle("second", "", "nowhere")}`;
    const { code, stdout, stderr } = await bb(["apply", "-f", "-"], { input });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/stdin:9: namespaces "nowhere" not found/);
    expect(await bb(["get", "bottle", "first"])).toMatchObject({ code: 1 });
    const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: { name: nowhere }\n---\n";
    expect(await bb(["apply", "-f", "-"], { input: namespace + input })).toMatchObject({ code: 0 });
  });
});

describe("what a person may get wrong", () => {
  it("is a condition that there is none of", async () => {
    await bb(["wait", "bottle/there", "--timeout", "20s"]);
    const { code, stderr } = await bb(["wait", "bottle/there", "--for=condition=Redy", "--timeout=1s"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/it has no condition Redy, only Ready, .*EgressEnforced/);
  });

  it("is a bottle's name where a kind is needed", async () => {
    expect((await bb(["wait", "there"])).stderr).toMatch(/no kind "there"[\s\S]*bottle\/there/);
  });

  it.each([[["--tail", "x"]], [["--audit", "--tail", "1.5"]], [["--audit", "--since", "soon"]]])(
    "is %j of a log",
    async (words) => expect(await bb(["logs", "there", ...words])).toMatchObject({ code: 2, stdout: "" }),
  );

  it.each([
    [
      ["secret", "set", "x", "--key", "k", "--from-file", "/nowhere/at/all"],
      /ENOENT[\s\S]*^next: .*check the path/m,
    ],
    [["apply", "-f", "/nowhere/at/all"], /^next: check the path/m],
    [
      ["egress", "--policy", "/nowhere", "--listen", "127.0.0.1:0", "--ca-out", "/x"],
      /^next: .*check the path/m,
    ],
  ])("is a path in %j", async (words, next) => {
    const { code, stderr } = await bb(words);
    expect(code).toBe(1);
    expect(stderr).toMatch(next);
  });

  it("is nothing when a bottle has sent nothing yet, but a bottle that is not there is an error", async () => {
    const { code, stdout, stderr } = await bb(["logs", "there", "--audit"]);
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toMatch(/bottle there has sent nothing yet/);
    expect(await bb(["logs", "nobody", "--audit", "-f"])).toMatchObject({ code: 1 });
  });
});
