import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RefUpdate } from "../../sidecars/git-gate/contract.ts";
import { PushRepository, rulesOf, SECRET } from "./git-push-kit.ts";

let repository: PushRepository;
beforeEach(() => void (repository = new PushRepository()));
afterEach(() => repository[Symbol.dispose]());

const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
const line = `key=${SECRET}\n`;
const base64 = Buffer.from(`the key of the account is ${SECRET}, keep it`).toString("base64");

/** Each makes objects with the secret in them, and says what is pushed. */
type Hiding = (repository: PushRepository) => Partial<RefUpdate> | string;

const inFiles: Record<string, Buffer | string> = {
  "a plain file": line,
  "a file with NULs": Buffer.from(`\0\0\0${line}\0`),
  "a UTF-16 file": utf16(`\ufeff${line}`),
  "a big-endian UTF-16 file": utf16(`\ufeff${line}`).swap16(),
  "a file of bytes that are no text": Buffer.concat([
    Buffer.from([0xff, 0xfe, 0x80, 0x0a]),
    Buffer.from(line),
  ]),
  "a gzipped file": gzipSync(line),
  base64: base64,
  "base64 in lines": `${base64.slice(0, 40)}\n${base64.slice(40)}\n`,
  "base64 of gzip": gzipSync(line).toString("base64"),
  hex: Buffer.from(line).toString("hex"),
  "percent-encoding": [...line].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join(""),
  "a line with gitleaks:allow": `key=${SECRET} # gitleaks:allow\n`,
};

const inHistory: Record<string, Hiding> = {
  "a commit's message": (git) => git.commit({ message: `${line}` }),
  "an author's name": (git) => git.commit({ author: `${SECRET} <ann@example.com>` }),
  "a header of a commit that nobody knows": (git) => git.commit({ headers: `x-note ${SECRET}\n` }),
  "a header over several lines, encoded": (git) =>
    git.commit({ headers: `gpgsig ${base64.slice(0, 40)}\n ${base64.slice(40)}\n` }),
  "a commit's bytes behind a NUL": (git) => git.commit({ message: `words\0${SECRET}` }),
  "an evil merge": (git) => {
    const parents = ["ours", "theirs"].map((name) => git.commit({ files: { [name]: name } }));
    return git.commit({ parents, files: { ours: "ours", theirs: "theirs", both: line } });
  },
  "a commit whose successor removes it": (git) =>
    git.commit({ parents: [git.commit({ files: { a: line } })], files: { a: "gone" } }),
  "the name of a file": (git) => git.commit({ files: { [`a-${SECRET}.txt`]: "" } }),
  "the name of a directory": (git) => git.commit({ files: { sub: { [SECRET]: { a: "" } } } }),
  "the target of a link": (git) =>
    git.commit({ files: { link: { mode: "120000", id: git.object("blob", `/x/${SECRET}`) } } }),
  "the id of a submodule": (git) =>
    git.commit({ files: { sub: { mode: "160000", id: Buffer.from(SECRET).toString("hex") }, z: "" } }),
  "the id of what has a mode that means nothing": (git) =>
    git.commit({ files: { sub: { mode: "60000", id: Buffer.from(SECRET).toString("hex") }, z: "" } }),
  "a file that attributes hide": (git) =>
    git.commit({ files: { ".gitattributes": "* binary -diff export-ignore filter=hide\n", a: line } }),
  "a file that the repository's scanner rules allow": (git) =>
    git.commit({
      files: { ".gitleaks.toml": `[allowlist]\npaths=["a"]\n`, ".gitleaksignore": "a\n", a: line },
    }),
  "a tag's message": (git) => tagged(git.tag("commit", git.commit({}), line)),
  "a blob that a tag names": (git) => tagged(git.tag("blob", git.object("blob", line))),
  "a blob that is a tag": (git) => tagged(git.object("blob", line)),
  "a tree that a tag names": (git) => tagged(git.tag("tree", git.tree({ a: line }))),
  "what a tag of a tag names": (git) => tagged(git.tag("tag", git.tag("blob", git.object("blob", line)))),
  "a commit that only a tag reaches": (git) => tagged(git.tag("commit", git.commit({ files: { a: line } }))),
  "a note that is pushed as a branch": (git) => {
    git.git(["update-ref", "refs/heads/main", git.commit({})]);
    git.git(["notes", "add", "-m", line, "refs/heads/main"]);
    return git.git(["rev-parse", "refs/notes/commits"]);
  },
};

const tagged = (to: string): Partial<RefUpdate> => ({ ref: "refs/tags/v1", to });

describe("a secret", () => {
  const all = { ...inHistory };
  for (const [name, content] of Object.entries(inFiles))
    all[name] = (git) => git.commit({ files: { a: content } });

  it.each(Object.entries(all))("is found in %s, and not told", async (_, hide) => {
    const hidden = hide(repository);

    const verdict = await repository.inspect(typeof hidden === "string" ? { to: hidden } : hidden);

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
