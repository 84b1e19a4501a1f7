import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RefUpdate } from "../../sidecars/git-gate/contract.ts";
import { hidings } from "./git-hidings.ts";
import { PushRepository, rulesOf, SECRET } from "./git-push-kit.ts";

let repository: PushRepository;
beforeEach(() => void (repository = new PushRepository()));
afterEach(() => repository[Symbol.dispose]());

const line = `key=${SECRET}\n`;

describe("a secret", () => {
  it.each(Object.entries(hidings))("is found in %s, and not told", async (_, hide) => {
    const verdict = await repository.inspect(hide(repository));

    expect(rulesOf(verdict)).toEqual(["aws-access-key-id"]);
    expect(JSON.stringify(verdict)).not.toContain(SECRET);
  });

  it("is found in the name of a ref, and not told", async () => {
    const verdict = await repository.inspect({ ref: `refs/heads/${SECRET}`, to: repository.commit({}) });

    expect(rulesOf(verdict)).toEqual(["aws-access-key-id"]);
    expect(JSON.stringify(verdict)).not.toContain(SECRET);
  });

  it("is found in a push option, and not told", async () => {
    const verdict = await repository.inspect(
      { to: repository.commit({}) },
      { pushOptions: [`ci.skip=${SECRET}`] },
    );

    expect(rulesOf(verdict)).toEqual(["aws-access-key-id"]);
    expect(JSON.stringify(verdict)).not.toContain(SECRET);
  });

  it.each(["commit", "blob"])("is found when its %s has a clean twin in refs/replace", async (type) => {
    const clean = repository.commit({ files: { a: "clean" } });
    const dirty = repository.commit({ files: { a: line } });
    const ids = type === "commit" ? [dirty, clean] : [`${dirty}:a`, `${clean}:a`];
    repository.git(["replace", ...ids.map((name) => repository.git(["rev-parse", name]))]);

    expect(rulesOf(await repository.inspect({ to: dirty }))).toEqual(["aws-access-key-id"]);
  });

  it.each(["shallow", "info/grafts"])("is found in what %s would cut off", async (file) => {
    const dirty = repository.commit({ files: { a: line } });
    const to = repository.commit({ parents: [dirty], files: { a: "clean" } });
    mkdirSync(join(repository.gitDir, "info"), { recursive: true });
    writeFileSync(join(repository.gitDir, file), `${to}\n`);

    expect(rulesOf(await repository.inspect({ to }))).toEqual(["aws-access-key-id"]);
  });

  it("is found in what the mirror has and upstream never took", async () => {
    const taken = repository.commit({ files: { a: "clean" } });
    const never = repository.commit({ parents: [taken], files: { a: line } });
    repository.git(["update-ref", "refs/heads/work", never]);
    const to = repository.commit({ parents: [never], files: { a: "clean" } });

    const verdict = await repository.inspect({ from: never, to }, { confirmed: [taken] });

    expect(rulesOf(verdict)).toEqual(["aws-access-key-id"]);
  });

  it("is not looked for in what upstream has", async () => {
    const old = repository.commit({ files: { a: line } });
    const to = repository.commit({ parents: [old], files: { a: line, b: "new" } });

    expect(await repository.inspect({ from: old, to }, { confirmed: [old] })).toEqual({ kind: "clean" });
  });

  it("is found by whichever of many refs leads to it", async () => {
    const [clean, dirty] = ["clean", line].map((a) => repository.commit({ files: { a } }));
    const update = (name: string, to = ""): RefUpdate => ({
      ref: `refs/heads/${name}`,
      from: "0".repeat(40),
      to,
    });

    const verdict = await repository.inspect({}, { updates: [update("one", clean), update("two", dirty)] });

    expect(rulesOf(verdict)).toEqual(["aws-access-key-id"]);
  });
});

describe("a commit that says its own encoding", () => {
  const inspect = async (encoding: string, message: string | Buffer): Promise<string[]> =>
    rulesOf(
      await repository.inspect({ to: repository.commit({ headers: `encoding ${encoding}\n`, message }) }),
    );

  it.each(["ISO-8859-1", "utf-8", "windows-1252", "Shift_JIS"])("passes in %s", async (encoding) => {
    expect(await inspect(encoding, Buffer.from("gr\xfc\xdfe\n", "latin1"))).toEqual([]);
  });

  it.each(["UTF-7", "UTF-16LE", "ISO-2022-JP", "IBM037", "made-up"])("is refused in %s", async (encoding) => {
    expect(await inspect(encoding, "words\n")).toEqual(["UnknownEncoding"]);
  });
});

describe("a finding", () => {
  it("says commit, path and line, a picture of the secret and how to remove it", async () => {
    const first = repository.commit({ files: { sub: { "k.env": `one\ntwo\n${line}four\n` } } });
    const to = repository.commit({
      parents: [first],
      files: { sub: { "k.env": `one\ntwo\n${line}four\n` }, b: "" },
    });

    const verdict = await repository.inspect({ to });

    const blob = repository.git(["rev-parse", `${to}:sub/k.env`]);
    expect(verdict).toEqual({
      kind: "refused",
      areRefsClean: true,
      findings: [
        {
          rule: "aws-access-key-id",
          where: `commit ${first}, blob ${blob}, path sub/k.env, line 3`,
          shape: "AKIA…(20)",
          whatToDo: expect.stringContaining(`git rebase -i ${first}^`),
        },
      ],
    });
  });

  it("is one for each object, and at most twenty", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [`f${index}`, `${index} ${line}`]),
    );

    expect(rulesOf(await repository.inspect({ to: repository.commit({ files }) }))).toHaveLength(20);
  });

  it("does not tell a path that holds a secret itself", async () => {
    const to = repository.commit({ files: { [SECRET]: { sub: { a: line } } } });

    const verdict = await repository.inspect({ to });

    expect(rulesOf(verdict)).toHaveLength(2);
    expect(JSON.stringify(verdict)).not.toContain(SECRET);
  });

  it("does not steer the terminal that it is shown on", async () => {
    const to = repository.commit({ files: { "a\u001b]52;c;x\u0007\u202e\u009b.txt": line } });

    const verdict = await repository.inspect({ to });

    expect(JSON.stringify(verdict)).toContain(String.raw`a\\u{1b}]52;c;x\\u{7}\\u{202e}\\u{9b}.txt`);
  });
});
