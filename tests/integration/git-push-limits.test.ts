import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RefUpdate } from "../../sidecars/git-gate/contract.ts";
import { NONE, PushRepository, rulesOf, SECRET, type Tree } from "./git-push-kit.ts";

let repository: PushRepository;
beforeEach(() => void (repository = new PushRepository()));
afterEach(() => repository[Symbol.dispose]());

/** Trees of ten names each for the one below: 10^levels files in a few hundred bytes. */
function bomb(levels: number): string {
  let id = repository.tree({ a: "" });
  for (let level = 0; level < levels; level += 1) {
    const entry = { mode: "40000", id };
    id = repository.tree(Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`d${index}`, entry])));
  }
  return id;
}

const gzipBomb = (): Buffer => gzipSync(Buffer.alloc(80 * 1024 * 1024));

describe("a push over a limit is refused", () => {
  it("with too many objects", async () => {
    const to = repository.commit({ files: { a: "a", b: "b" } });

    expect(rulesOf(await repository.inspect({ to }, { policy: { maxObjects: 3 } }))).toEqual([
      "TooManyObjects",
    ]);
    expect(rulesOf(await repository.inspect({ to }, { policy: { maxObjects: 4 } }))).toEqual([]);
  });

  it("with a path that is too long, or with names that take more memory than the objects", async () => {
    const nested = (levels: number, files: Tree): Tree =>
      levels === 0 ? files : { ["d".repeat(250)]: nested(levels - 1, files) };
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`f${index}`, `${index}`]));
    const blobs = repository.blobs(Object.values(many));
    const files = Object.fromEntries(
      Object.keys(many).map((name, index) => [name, { mode: "100644", id: blobs[index] ?? "" }]),
    );

    const [long, large] = [nested(17, { a: "a" }), nested(15, files)];

    expect(rulesOf(await repository.inspect({ to: repository.commit({ files: long }) }))).toEqual([
      "PathTooLong",
    ]);
    expect(rulesOf(await repository.inspect({ to: repository.commit({ files: large }) }))).toEqual([
      "TooManyObjects",
    ]);
  });

  it("with a blob that is too large, which is named", async () => {
    const to = repository.commit({ files: { a: "a".repeat(1001) } });

    const verdict = await repository.inspect({ to }, { policy: { maxBlobBytes: 1000 } });

    expect(rulesOf(verdict)).toEqual(["BlobTooLarge"]);
    expect(JSON.stringify(verdict)).toContain(repository.git(["rev-parse", `${to}:a`]));
  });

  it("with too many bytes in all, however small they are packed", async () => {
    const files = Object.fromEntries(["a", "b", "c"].map((name) => [name, name.repeat(400_000)]));
    const to = repository.commit({ files });
    repository.git(["update-ref", "refs/heads/x", to]);
    repository.git(["repack", "-adq"]);

    const verdict = await repository.inspect({ to }, { policy: { maxInflatedBytes: 1_000_000 } });

    expect(rulesOf(verdict)).toEqual(["TooManyBytes"]);
  });

  it.each(["work", ".github/workflows"])(
    "with trees that unfold into billions of files, at once: %s",
    async (at) => {
      const [first = "", second] = at.split("/");
      const entry = { mode: "40000", id: bomb(10) };
      const to = repository.commit({
        files: { [first]: second === undefined ? entry : { [second]: entry } },
      });

      expect(rulesOf(await repository.inspect({ to }, { policy: { timeoutMs: 5_000 } }))).toEqual([
        "TooManyFiles",
      ]);
    },
  );

  it("with too many refs", async () => {
    const to = repository.commit({});
    const updates = Array.from({ length: 1001 }, (_, index) => ({
      ref: `refs/heads/b${index}`,
      from: NONE,
      to,
    }));

    const longOnes = updates.slice(0, 300).map((each) => ({ ...each, ref: each.ref + "/x".repeat(500) }));
    expect(rulesOf(await repository.inspect({}, { updates }))).toEqual(["TooManyRefs"]);
    expect(rulesOf(await repository.inspect({}, { updates: longOnes }))).toEqual(["TooManyRefs"]);
  });

  it("when its time is over", async () => {
    const files = { a: randomBytes(4_000_000).toString("base64") };

    const verdict = await repository.inspect(
      { to: repository.commit({ files }) },
      { policy: { timeoutMs: 1 } },
    );

    expect(rulesOf(verdict)).toEqual(["TimeLimit"]);
  });

  it("with data that unfolds into more than can be looked at", async () => {
    const to = repository.commit({ files: { "a.gz": gzipBomb() } });

    expect(rulesOf(await repository.inspect({ to }))).toEqual(["BodyTooLarge"]);
  });
});

describe("a git that does not end by itself", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bb-git-"));
    const script = `#!/bin/sh\ntrap '' TERM PIPE\necho $$ > '${folder}/pid'\necho a\necho b\nexec sleep 50\n`;
    writeFileSync(join(folder, "git"), script, { mode: 0o700 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([
    ["TooManyObjects", { maxObjects: 1 }],
    ["TimeLimit", { timeoutMs: 1_000 }],
  ])(
    "is ended with the inspection: %s",
    async (rule, policy) => {
      const path = `${folder}:${process.env["PATH"]}`;

      expect(rulesOf(await repository.inspect({ to: "1".repeat(40) }, { path, policy }))).toEqual([rule]);

      const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
      expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    },
    10_000,
  );
});

describe("a push that cannot be looked at is refused", () => {
  const clean = (): Partial<RefUpdate> => ({ to: repository.commit({ files: { a: "clean" } }) });

  it("without git", async () => {
    expect(rulesOf(await repository.inspect(clean(), { path: "/nonexistent" }))).toEqual(["ScanFailed"]);
  });

  it("when the gate closes", async () => {
    expect(rulesOf(await repository.inspect(clean(), { signal: AbortSignal.abort() }))).toEqual([
      "ScanFailed",
    ]);
  });

  it("with an object missing", async () => {
    const to = repository.commit({ files: { a: { mode: "100644", id: "1".repeat(40) } } });

    expect(rulesOf(await repository.inspect({ to }))).toEqual(["ScanFailed"]);
  });

  it.each(["1".repeat(40), "HEAD", "--all"])("with something confirmed that is not there: %s", async (id) => {
    expect(rulesOf(await repository.inspect(clean(), { confirmed: [id] }))).toEqual(["ScanFailed"]);
  });

  it("with a branch that came from what is not there", async () => {
    const verdict = await repository.inspect({ ...clean(), from: "1".repeat(40) });

    expect(rulesOf(verdict)).toEqual(["ScanFailed"]);
  });

  // git counts in 32 bits, so that the second is a directory to it
  it.each(["9", `1${"0".repeat(18)}040000`])("with a tree that has the mode %s", async (mode) => {
    const id = Buffer.from(repository.tree({ a: "clean" }), "hex");
    const tree = repository.object("tree", Buffer.concat([Buffer.from(`${mode} a\0`), id]));

    expect(rulesOf(await repository.inspect({ to: repository.commit({ tree }) }))).toEqual(["ScanFailed"]);
  });

  it.each(["GIT_CONFIG_COUNT", "GIT_DIR", "LD_PRELOAD"])("with %s beside the quarantine", async (name) => {
    const verdict = await repository.inspect(clean(), { environment: { [name]: "1" } });

    expect(rulesOf(verdict)).toEqual(["ScanFailed"]);
  });
});

describe("force", () => {
  it("is what git says of the history, not what a replacement shows", async () => {
    const old = repository.commit({ message: "old" });
    const next = repository.commit({ parents: [old], message: "next" });
    const stranger = repository.commit({ message: "stranger" });
    repository.git(["replace", stranger, next]);

    expect(await repository.inspect({ from: old, to: next })).toEqual({ kind: "clean" });
    expect(rulesOf(await repository.inspect({ from: old, to: stranger }))).toEqual(["ForceNotAllowed"]);
    expect(rulesOf(await repository.inspect({ from: next, to: old }))).toEqual(["ForceNotAllowed"]);
    const allowed = await repository.inspect({ from: next, to: old }, { policy: { allowForce: true } });
    expect(allowed).toEqual({ kind: "clean" });
  });
});

describe("10,000 commits", () => {
  it("are looked at in a few seconds, to the oldest", async () => {
    const commits = Array.from({ length: 10_000 }, (_, index) => {
      const content = index === 0 ? `key=${SECRET}\n` : `line ${index}\n`;
      const blob = `blob\nmark :${index + 20_001}\ndata ${content.length}\n${content}\n`;
      const change = `M 100644 :${index + 20_001} src/file${index % 50}.txt\n`;
      return `${blob}commit refs/heads/many\nmark :${index + 1}\ncommitter Ann <ann@example.com> 1700000000 +0000\ndata 2\nc\n${change}\n`;
    });
    repository.git(["fast-import", "--quiet"], { input: commits.join("") });
    const [to = "", first = ""] = repository.git(["rev-parse", "many", "many~9999"]).split("\n");

    const began = performance.now();
    expect(await repository.inspect({ from: first, to }, { confirmed: [first] })).toEqual({ kind: "clean" });
    const tookMs = performance.now() - began;
    expect(rulesOf(await repository.inspect({ to }))).toEqual(["aws-access-key-id"]);

    console.log(`10,000 commits, 40,000 objects: ${Math.round(tookMs)} ms`);
    expect(tookMs).toBeLessThan(20_000);
  });
});
