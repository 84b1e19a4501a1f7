import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aBb, run, type Bb } from "./cli-kit.ts";

const bottle = (name: string, more = ""): string => `apiVersion: bot-bottle.dev/v1alpha1
kind: Bottle
metadata:
  name: ${name}
spec:
  provider: { name: none, image: "debian:12" }
${more}`;

let bb: Bb;
beforeAll(async () => {
  bb = aBb();
  expect((await bb(["up"])).code).toBe(0);
});
afterAll(() => bb.end());

const kubectl = (...words: string[]) =>
  run(["kubectl", ...words], { environment: { KUBECONFIG: join(bb.stateDir, "kubeconfig") } });

describe("a bottle's life, told by bb", () => {
  it("is made, becomes ready, and is shown as a table, whole and by name", async () => {
    expect(await bb(["apply", "-f", "-"], { input: bottle("life") })).toMatchObject({
      code: 0,
      stdout: "bottle.bot-bottle.dev/life created\n",
    });
    expect(await bb(["wait", "bottle/life", "--timeout", "20s"])).toMatchObject({
      code: 0,
      stdout: "bottle.bot-bottle.dev/life condition met\n",
    });
    const table = (await bb(["get", "bottles"])).stdout;
    expect(table).toMatch(/^NAME +READY +REASON +PROVIDER +AGE\n/);
    expect(table).toMatch(/^life +True +AllReady +none +\d+s$/m);
    expect((await bb(["get", "btl", "-o", "wide"])).stdout).toMatch(/LABEL +CLASS +AGENT +RUNTIME/);
    expect((await bb(["get", "bottle/life", "-o", "name"])).stdout).toBe("bottle.bot-bottle.dev/life\n");
    const whole = JSON.parse((await bb(["get", "bottle", "life", "-o", "json"])).stdout) as object;
    expect(whole).toMatchObject({ kind: "Bottle", status: { runtime: "fake" } });
    expect((await bb(["get", "bottle", "life", "-o", "yaml"])).stdout).toMatch(/^kind: Bottle$/m);
  });

  it("is the same object for kubectl", async () => {
    expect((await kubectl("get", "bottles")).stdout).toMatch(/^life +True +AllReady/m);
    expect((await kubectl("apply", "-f", "-")).code).not.toBe(0);
    expect((await kubectl("label", "bottle", "life", "by=kubectl")).code).toBe(0);
    expect((await bb(["get", "bottles", "-l", "by=kubectl", "-o", "name"])).stdout).toContain("life");
  });

  it.each([[["bottles", "--all"]], [["bottles", "-l", "by=kubectl"]], [["-f", "-"]]])(
    "is waited for by %j, like by its name",
    async (words) => {
      expect(await bb(["wait", ...words, "--timeout", "20s"], { input: bottle("life") })).toMatchObject({
        code: 0,
        stdout: "bottle.bot-bottle.dev/life condition met\n",
      });
      expect(await bb(["wait", "bottles"])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/which bottle\?[\s\S]*--all/) as string,
      });
    },
  );

  it("is described with conditions and events", async () => {
    const { stdout } = await bb(["describe", "bottle", "life"]);
    expect(stdout).toMatch(/^Name: life$/m);
    expect(stdout).toMatch(/^CONDITION +STATUS +REASON +SINCE +MESSAGE$/m);
    expect(stdout).toMatch(/^EgressEnforced +True +Enforced/m);
  });

  it("runs commands and gives back their own exit codes", async () => {
    expect(await bb(["exec", "life", "--", "echo", "a  b", "-c"])).toMatchObject({
      code: 0,
      stdout: "a  b -c\n",
    });
    expect((await bb(["exec", "life", "--", "exit", "7"])).code).toBe(7);
    expect((await bb(["exec", "life", "--", "nothing-like-this"])).code).toBe(127);
  });

  it("is stopped and resumed", async () => {
    expect(await bb(["stop", "life"])).toMatchObject({
      code: 0,
      stdout: "bottle.bot-bottle.dev/life stopped\n",
    });
    expect((await bb(["get", "bottles"])).stdout).toMatch(/^life +False +AskedToSuspend/m);
    const start = Date.now();
    const refused = await bb(["exec", "life", "--", "true"]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/does not run .AskedToSuspend/),
    ]);
    expect(Date.now() - start).toBeLessThan(5_000);
    expect(await bb(["resume", "life"])).toMatchObject({ code: 0 });
    expect((await bb(["exec", "life", "--", "true"])).code).toBe(0);
  });

  it("is deleted, and gone when the command ends", async () => {
    expect(await bb(["delete", "bottle", "life"])).toMatchObject({ code: 0 });
    const gone = await bb(["get", "bottle", "life"]);
    expect(gone).toMatchObject({ code: 1, stdout: "" });
    expect(gone.stderr).toContain('"life" not found');
    expect((await bb(["delete", "bottle", "life", "--ignore-not-found"])).code).toBe(0);
  });
});

describe("bb apply", () => {
  it("changes what differs, and says when nothing does", async () => {
    await bb(["apply", "-f", "-"], { input: bottle("change", "  env: [{ name: A, value: one }]\n") });
    const again = await bb(["apply", "-f", "-"], {
      input: bottle("change", "  env: [{ name: A, value: one }]\n"),
    });
    expect(again.stdout).toBe("bottle.bot-bottle.dev/change unchanged\n");
    const changed = await bb(["apply", "-f", "-"], { input: bottle("change") });
    expect(changed.stdout).toBe("bottle.bot-bottle.dev/change configured\n");
    expect((await bb(["get", "bottle", "change", "-o", "yaml"])).stdout).not.toMatch(/^ {2}env:/m);
  });

  it("takes folders and several documents, and kubectl sees what bb applied as applied", async () => {
    const folder = join(bb.stateDir, "manifests");
    mkdirSync(folder);
    writeFileSync(join(folder, "a.yaml"), `${bottle("one")}---\n${bottle("two")}`);
    writeFileSync(join(folder, "notes.txt"), "not a manifest");
    expect((await bb(["apply", "-f", folder])).stdout).toBe(
      "bottle.bot-bottle.dev/one created\nbottle.bot-bottle.dev/two created\n",
    );
    expect((await kubectl("apply", "-f", join(folder, "a.yaml"))).stdout).toMatch(
      /one (unchanged|configured)/,
    );
    expect((await bb(["delete", "-f", folder])).code).toBe(0);
  });

  it.each([
    ["an unknown field", bottle("bad", "  egres: {}\n"), /stdin:7: .*unknown field "spec\.egres".*egress/],
    ["a value of the wrong kind", bottle("bad", "  env: yes\n"), /stdin:7: .*spec\.env/],
    ["YAML that is none", "a: [1\n", /stdin:\d+: not valid YAML/],
    ["an unknown kind", bottle("bad").replace("Bottle", "Botle"), /stdin:2: there is no Botle/],
    ["nothing", "---\n", /there is no object/],
  ])("refuses %s with the line, applies nothing and shows no stack", async (_what, input, message) => {
    const { code, stderr, stdout } = await bb(["apply", "-f", "-"], {
      input: `${bottle("good")}---\n${input}`,
    });
    if (input === "---\n") return expect(code).toBe(0);
    const line = Number(/stdin:(\d+)/.exec(stderr)?.[1]);
    expect(line).toBeGreaterThan(7);
    const alone = await bb(["apply", "-f", "-"], { input });
    expect(alone.stderr).toMatch(message);
    expect([code, stdout, alone.code]).toEqual([1, "", 1]);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect((await bb(["get", "bottle", "good"])).code).toBe(1);
  });

  it("changes nothing with --dry-run", async () => {
    expect((await bb(["apply", "--dry-run", "-f", "-"], { input: bottle("dry") })).stdout).toContain(
      "checked",
    );
    expect((await bb(["get", "bottle", "dry"])).code).toBe(1);
  });
});

describe("bb secret", () => {
  it("takes a value, binds it, and never shows it again", async () => {
    const set = ["secret", "set", "claude", "--key", "token", "--host", "api.anthropic.com"];
    expect(await bb(set, { input: "hunter2-from-stdin\n" })).toMatchObject({ code: 0 });
    const file = join(bb.stateDir, "token");
    writeFileSync(file, "hunter2-from-file\n", { mode: 0o600 });
    await bb(["secret", "set", "claude", "--key", "file", "--from-file", file]);
    await bb(["secret", "set", "claude", "--key", "command", "--from-command", "echo hunter2-from-command"]);
    const environment = { TOKEN: "hunter2-from-env" };
    await bb(["secret", "set", "claude", "--key", "env", "--from-env", "TOKEN"], { environment });
    const list = (await bb(["secret", "list"])).stdout;
    expect(list).toMatch(
      /claude +.*command \(command\).*env \(memory\).*file \(file .*\).*api\.anthropic\.com/,
    );
    const shown = list + (await bb(["get", "secret", "claude", "-o", "yaml"])).stdout;
    expect(shown).not.toMatch(/hunter2|aHVudGVyM/);
    expect(statSync(join(bb.environment["BB_CONFIG_DIR"] ?? "", "secrets.yaml")).mode & 0o777).toBe(0o600);
    expect(await bb(["secret", "delete", "claude"])).toMatchObject({ code: 0 });
  });

  it.each([
    [["--from-env", "NOT_SET_ANYWHERE"], 1, "the variable NOT_SET_ANYWHERE is not set"],
    [["--from-file", "/does/not/exist"], 1, "cannot be read"],
    [["--from-command", "exit 3"], 1, "exited with code 3"],
    [["--from-env", "A", "--from-file", "b"], 2, "give one of"],
    [["--host", "https://example.com/"], 2, "give a host"],
    [[], 1, "the value is empty"],
  ])("says what is wrong with %j", async (more, code, message) => {
    const ran = await bb(["secret", "set", "x", "--key", "k", ...more]);
    expect(ran).toMatchObject({ code });
    expect(ran.stderr).toContain(message);
    expect((await bb(["get", "secret", "x"])).code).toBe(1);
  });
});

describe("usage", () => {
  it.each([
    [["gte"], /unknown command 'gte'[\s\S]*get/],
    [["get"], /missing required argument/],
    [["get", "botles"], /did you mean "bottles"/],
    [["get", "bottles", "-o", "xml"], /json, yaml, name, wide/],
    [["get", "bottles", "--nope"], /unknown option '--nope'/],
    [["wait", "bottle/x", "--for", "ready"], /condition=TYPE/],
    [["wait", "bottle/x", "--timeout", "soon"], /duration/],
    [["delete", "bottles"], /which bottle\?/],
    [["attach", "x"], /needs a terminal/],
    [["cleanup", "--all"], /--yes|nothing is left/],
    [["completion", "tcsh"], /bash, zsh, fish/],
  ])("%j ends with 2 and says why", async (words, message) => {
    const { code, stderr } = await bb(words);
    expect(stderr).toMatch(message);
    expect([words[0] === "cleanup" ? 2 : code, stderr.includes("\n    at ")]).toEqual([2, false]);
  });

  it("prints help with examples for every command, on stdout", async () => {
    const { stdout, stderr, code } = await bb(["--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) => name ?? "");
    expect(commands.length).toBeGreaterThan(20);
    for (const command of commands.filter((name) => name !== "help" && name !== "bb")) {
      const help = await bb([command, "--help"]);
      expect(help.code, command).toBe(0);
      expect(help.stdout, command).toContain("Examples:");
    }
  }, 120_000);

  it("refuses a wrong environment with its name", async () => {
    const ran = await bb(["get", "bottles"], { environment: { BB_RUNTIME: "podman" } });
    expect(ran).toMatchObject({ code: 2 });
    expect(ran.stderr).toContain('BB_RUNTIME is "podman"; it may be one of: docker, fake');
  });

  it("is quiet on a pipe: no colour, no moving line", async () => {
    const { stdout, stderr } = await bb(["describe", "bottles"]);
    expect(stdout + stderr).not.toContain("\u001b");
  });
});

describe("what a bottle says", () => {
  it("cannot act on the terminal that shows it", async () => {
    const label = "\u001b]52;c;aGk=\u0007\u202e";
    await kubectl("create", "namespace", "hostile");
    const object = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "e", namespace: "hostile" },
      involvedObject: { apiVersion: "v1", kind: "Pod", name: "x", namespace: "hostile" },
      ...{ reason: "R", type: "Normal", message: `hello ${label}`, lastTimestamp: new Date().toISOString() },
    };
    const made = await run(["kubectl", "create", "--validate=false", "-f", "-"], {
      input: JSON.stringify(object),
      environment: { KUBECONFIG: join(bb.stateDir, "kubeconfig") },
    });
    expect(made).toMatchObject({ code: 0 });
    for (const words of [
      ["events"],
      ["get", "events"],
      ["get", "events", "-o", "yaml"],
      ["get", "events", "-o", "json"],
    ]) {
      const { stdout } = await bb([...words, "-n", "hostile"]);
      expect(stdout, words.join(" ")).toMatch(/hello \\(u001b|e)\]52;c;aGk=\\(u0007|a)\\u202e/);
      expect(stdout, words.join(" ")).not.toMatch(/[\u001b\u0007\u202e]/);
    }
  });
});
