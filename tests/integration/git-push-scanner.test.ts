import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkScanner } from "../../sidecars/git-gate/judge/check-scanner.ts";
import { CANARY } from "../../sidecars/git-gate/judge/gitleaks/scan-repository.ts";
import { SHIPPO, PushRepository, rulesOf, scanPath, SECRET } from "./git-push-kit.ts";

let repository: PushRepository;
beforeEach(() => void (repository = new PushRepository()));
afterEach(() => repository[Symbol.dispose]());

const line = `first\nit is ${SHIPPO} now\n`;

/** Each makes objects with the secret in them, and says what is pushed. */
type Hiding = (git: PushRepository) => { ref?: string; to: string };
const branch = (to: string): { to: string } => ({ to });
const tag = (to: string): { ref: string; to: string } => ({ ref: "refs/tags/v1", to });

const hidings: Record<string, Hiding> = {
  "a file": (git) => branch(git.commit({ files: { a: line } })),
  "a merge that adds it": (git) => {
    const parents = ["ours", "theirs"].map((name) => git.commit({ files: { [name]: name } }));
    return branch(git.commit({ parents, files: { ours: "ours", theirs: "theirs", both: line } }));
  },
  "a file that a later commit removes": (git) =>
    branch(git.commit({ parents: [git.commit({ files: { a: line } })], files: { a: "gone" } })),
  "a file with NULs": (git) => branch(git.commit({ files: { a: `\0\n${line}` } })),
  "a file that attributes hide": (git) =>
    branch(git.commit({ files: { ".gitattributes": "* binary -diff -text\n", a: line } })),
  "a line with gitleaks:allow": (git) =>
    branch(git.commit({ files: { a: `it is ${SHIPPO} # gitleaks:allow\n` } })),
  "a file that the pushed .gitleaks.toml allows": (git) =>
    branch(git.commit({ files: { ".gitleaks.toml": "[allowlist]\npaths = ['''.*''']\n", a: line } })),
  "a file that the pushed .gitleaksignore names": (git) =>
    branch(
      git.commit({ files: { ".gitleaksignore": "a:shippo-api-token:2\n0/a:shippo-api-token:2\n", a: line } }),
    ),
  "base64 of base64": (git) => {
    const once = Buffer.from(`it is ${SHIPPO} for you`).toString("base64");
    return branch(git.commit({ files: { a: `x = ${Buffer.from(once).toString("base64")}\n` } }));
  },
  "a commit's message": (git) => branch(git.commit({ message: line })),
  "a header of a commit that nobody knows": (git) => branch(git.commit({ headers: `x-note ${SHIPPO}\n` })),
  "a tag's message": (git) => tag(git.tag("commit", git.commit({}), line)),
  "a blob that a tag names": (git) => tag(git.tag("blob", git.object("blob", line))),
  "a tree that a tag names": (git) => tag(git.tree({ a: line })),
};
for (const name of ["a\\", 'a"b', "a\tb", "a\u001bb", "ä", " ", "a b", "-c", "0", ".git\u200cattributes"])
  hidings[`a file named ${JSON.stringify(name)}`] = (git) => branch(git.commit({ files: { [name]: line } }));

describe("what only gitleaks knows", () => {
  it.each(Object.entries(hidings))("is found in %s, and not told", async (_, hide) => {
    const verdict = await repository.inspect(hide(repository));

    expect(rulesOf(verdict)).toEqual(["shippo-api-token"]);
    expect(JSON.stringify(verdict)).not.toContain(SHIPPO.slice(8));
  });

  it("is told with commit, path and line, and how to remove it", async () => {
    const to = repository.commit({ files: { sub: { "k\u001b.env": line } } });

    const verdict = await repository.inspect({ to });

    const blob = repository.git(["rev-parse", `${to}:sub/k\u001b.env`]);
    const where = String.raw`commit ${to}, blob ${blob}, path sub/k\u{1b}.env, line 2`;
    const whatToDo = expect.stringContaining(`git rebase -i ${to}^`) as string;
    expect(verdict).toEqual({
      kind: "refused",
      areRefsClean: true,
      findings: [{ rule: "shippo-api-token", where, shape: "", whatToDo }],
    });
  });

  it("is told once where our own rules find it too, and beside what they find elsewhere", async () => {
    const files = { a: `key=${SECRET}\n`, b: `key=${SECRET}\n${line}` };

    const verdict = await repository.inspect({ to: repository.commit({ files }) });

    expect(rulesOf(verdict)).toEqual(["aws-access-key-id", "aws-access-key-id", "shippo-api-token"]);
  });

  it("leaves nothing behind in the repository", async () => {
    const before = readdirSync(repository.gitDir);
    await repository.inspect({ to: repository.commit({ files: { a: line } }) });
    await repository.inspect({ to: repository.commit({ files: { a: "clean" } }) }, { path: "/nonexistent" });

    expect(readdirSync(repository.gitDir)).toEqual(before);
  });
});

describe("a scanner that is not to be believed", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bb-scanner-"));
    for (const name of ["git", "prlimit", "sleep", "sh", "tail"]) {
      const program = execFileSync("which", [name], { encoding: "utf8" }).trim();
      symlinkSync(program, join(folder, name));
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const canary = '{"RuleID":"git-gate-canary","File":"z/canary","StartLine":1}';
  const readAll = "echo 'INF scanned ~999999 bytes (1 MB) in 1ms' >&2";

  it.each([
    ["is missing", undefined, "gitleaks is not installed"],
    ["finds nothing", "echo '[]'", "gitleaks did not read everything"],
    ["fails", "exit 1", "exit code 1"],
    ["knows other options", "exit 126", "exit code 126"],
    ["is killed", "kill -9 $$", "a signal"],
    ["does not end", "exec sleep 60", "did not end in time"],
    ["says what is no report", "echo 'no leaks'; exit 7", "did not read everything"],
    ["says what is no list", `echo '${canary}'; exit 7`, "did not read everything"],
    ["does not find what is there", `echo '[]'; ${readAll}; exit 7`, "did not read everything"],
    ["reads less than there is", `echo '[${canary}]'; ${readAll}; exit 7`, "did not read everything"],
    ["says too much", `while :; do echo ${"0".repeat(4_000)}; done`, "more than can be told"],
  ])("refuses the push when it %s", async (_, script, because) => {
    if (script !== undefined)
      writeFileSync(join(folder, "gitleaks"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const to = repository.commit({ files: { a: "clean" } });

    const verdict = await repository.inspect({ to }, { path: folder, policy: { timeoutMs: 4_000 } });

    expect(rulesOf(verdict)).toEqual(["ScannerUnavailable"]);
    expect(JSON.stringify(verdict)).toContain(because);
  });

  it("refuses the push when it says that it read all, and did not find the canary", async () => {
    const to = repository.commit({ files: { a: "clean" } });
    const bytes = Number(repository.git(["cat-file", "-s", to])) + "clean".length + CANARY.text.length;
    const script = (found: string): string =>
      `#!/bin/sh\necho '[${found}]'; echo "INF scanned ~${bytes} bytes (1 KB) in 1ms" >&2; exit 7\n`;

    writeFileSync(join(folder, "gitleaks"), script(canary), { mode: 0o755 });
    expect(rulesOf(await repository.inspect({ to }, { path: folder }))).toEqual([]);
    writeFileSync(join(folder, "gitleaks"), script(""), { mode: 0o755 });
    expect(rulesOf(await repository.inspect({ to }, { path: folder }))).toEqual(["ScannerUnavailable"]);
  });

  it("is ended with the inspection", async () => {
    const script = `#!/bin/sh\ntrap '' TERM\necho $$ > ${folder}/pid\nexec sleep 60\n`;
    writeFileSync(join(folder, "gitleaks"), script, { mode: 0o755 });
    const signal = AbortSignal.timeout(2_000);

    const verdict = await repository.inspect({ to: repository.commit({}) }, { path: folder, signal });

    expect(rulesOf(verdict)).toEqual(["ScanFailed"]);
    const pid = execFileSync("tail", ["-n1", join(folder, "pid")], { encoding: "utf8" });
    expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH");
  });

  it("does not keep our own findings from being told", async () => {
    const to = repository.commit({ files: { a: `key=${SECRET}\n` } });

    const verdict = await repository.inspect({ to }, { path: folder });

    expect(rulesOf(verdict)).toEqual(["aws-access-key-id", "ScannerUnavailable"]);
  });
});

describe("the check of the scanner", () => {
  const check = async (
    rules: { name: string; pattern: string }[],
    path?: string,
  ): Promise<string | undefined> =>
    checkScanner({
      path: path ?? (await scanPath()),
      folder: repository.gitDir,
      rules,
      signal: AbortSignal.timeout(20_000),
    });

  it("says nothing when all is well", async () => {
    expect(await check([{ name: "ticket", pattern: "TICKET-[0-9]{4}" }])).toBeUndefined();
  });

  it("says why no push could be scanned", async () => {
    mkdirSync(join(repository.gitDir, "bin"));
    for (const name of ["git", "prlimit"])
      symlinkSync(`/usr/bin/${name}`, join(repository.gitDir, "bin", name));

    expect(await check([], join(repository.gitDir, "bin"))).toBe("gitleaks is not installed");
  });

  it("names the rule that is no RE2", async () => {
    const rules = [
      { name: "fine", pattern: "fine" },
      { name: "looks-back", pattern: "(?<=a)b" },
    ];

    expect(await check(rules)).toContain("the rule looks-back: it must be RE2");
  });
});

describe("a rule of the owner's", () => {
  const rules = [{ name: "ticket", pattern: `TICKET"?-[0-9]{4}\\b` }];
  const inspect = async (hidden: ReturnType<Hiding>): Promise<string[]> =>
    rulesOf(await repository.inspect(hidden, { scan: { rules } }));

  it.each<[string, Hiding]>([
    ["a file", (git) => branch(git.commit({ files: { a: "TICKET-1234\n" } }))],
    [
      "a file that gitleaks exempts",
      (git) => branch(git.commit({ files: { "yarn.lock": "TICKET-1234\n" } })),
    ],
    ["what gitleaks takes for a stand-in", (git) => branch(git.commit({ files: { a: 'TICKET"-1234' } }))],
    ["a commit's message", (git) => branch(git.commit({ message: "TICKET-1234\n" }))],
    ["a tag's message", (git) => tag(git.tag("commit", git.commit({}), "TICKET-1234\n"))],
  ])("is found in %s", async (_, hide) => {
    expect(await inspect(hide(repository))).toEqual(["ticket"]);
  });

  it("finds nothing else, and stands beside the built-in rules", async () => {
    expect(await inspect(branch(repository.commit({ files: { a: "TICKET-12345\n" } })))).toEqual([]);
    expect(await inspect(branch(repository.commit({ files: { a: `${line}TICKET-1234\n` } })))).toEqual([
      "shippo-api-token",
      "ticket",
    ]);
  });

  it("refuses the push by its name when it is no RE2", async () => {
    const scan = { rules: [...rules, { name: "looks-ahead", pattern: "a(?=b)" }] };

    const verdict = await repository.inspect({ to: repository.commit({}) }, { scan });

    expect(rulesOf(verdict)).toEqual(["ScannerUnavailable"]);
    expect(JSON.stringify(verdict)).toContain("the rule looks-ahead: it must be RE2");
  });

  it("cannot say more than a rule", async () => {
    const pattern = `x"\n[allowlist]\npaths = ['''.*''']\n#`;
    const scan = { rules: [{ name: "odd", pattern }] };

    const verdict = await repository.inspect(
      { to: repository.commit({ files: { a: line + pattern } }) },
      { scan },
    );

    expect(rulesOf(verdict)).toEqual(["shippo-api-token"]);
  });
});

describe("a baseline", () => {
  const both = `key=${SECRET}\n${line}`;
  const files = { test: { fixtures: { "keys.env": both } } };

  it("accepts a rule's findings in the files that it names, whichever scanner finds them", async () => {
    const to = repository.commit({ files });
    const judge = async (...rules: string[]): Promise<string[]> => {
      const baseline = rules.map((rule) => ({ rule, path: "test/**" }));
      return rulesOf(await repository.inspect({ to }, { scan: { baseline } }));
    };

    expect(await judge()).toEqual(["aws-access-key-id", "shippo-api-token"]);
    expect(await judge("aws-access-key-id", "aws-access-token")).toEqual(["shippo-api-token"]);
    expect(await judge("shippo-api-token")).toEqual(["aws-access-key-id"]);
    expect(await judge("shippo-api-token", "aws-access-key-id", "aws-access-token")).toEqual([]);
  });

  it("accepts nothing elsewhere, nor what no file holds", async () => {
    const baseline = [{ rule: "aws-access-key-id", path: "**" }].map((one) => ({ ...one, path: "test/*" }));
    const everywhere = [{ rule: "aws-access-key-id", path: "**" }];
    const inMessage = repository.commit({ message: `key=${SECRET}\n` });

    expect(
      rulesOf(await repository.inspect({ to: repository.commit({ files }) }, { scan: { baseline } })),
    ).toContain("aws-access-key-id");
    expect(
      rulesOf(await repository.inspect({ to: inMessage }, { scan: { baseline: everywhere } })),
    ).toContain("aws-access-key-id");
  });

  it("never accepts a value that the bottle holds", async () => {
    const knownValues = [{ id: "the forge's token", value: SECRET }];
    const baseline = ["known-value", "aws-access-key-id", "aws-access-token", "shippo-api-token"].map(
      (rule) => ({
        rule,
        path: "**",
      }),
    );

    const verdict = await repository.inspect(
      { to: repository.commit({ files }) },
      { scan: { baseline }, knownValues },
    );

    expect(rulesOf(verdict)).toEqual(["known-value"]);
  });
});
