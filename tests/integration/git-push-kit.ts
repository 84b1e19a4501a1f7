import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KnownValue } from "../../sidecars/detection/index.ts";
import type { PushRequest, PushVerdict, RefUpdate } from "../../sidecars/git-gate/contract.ts";
import type { PushPolicy, ScanPolicy } from "../../sidecars/wire/git-policy.ts";
import { createInspectPush } from "../../sidecars/git-gate/judge/inspect-push.ts";
import { CI_PATHS } from "../../crds/git-remote.ts";
import { gitleaksFolder } from "./gitleaks-kit.ts";

/** in pieces, so that no scanner takes this file for a leak */
export const SECRET = "AK" + "IAQ7ZK3M7XW2LTNB4V";

/** One that gitleaks knows and none of our own rules; in pieces, so that no scanner takes this file for a leak. */
export const SHIPPO = "shippo" + "_live_7a2f9c3b8e5d1f6a4c0e9b7d2a5f8c1e3b6d9f04";
export const NONE = "0".repeat(40);

export const policy: PushPolicy = {
  branches: ["**"],
  allowForce: false,
  allowDelete: false,
  allowTags: true,
  allowPushOptions: true,
  protectedPaths: [...CI_PATHS],
  maxObjects: 50_000,
  maxInflatedBytes: 64 * 1024 * 1024,
  maxBlobBytes: 16 * 1024 * 1024,
  timeoutMs: 30_000,
};

/** PATH with everything that an inspection runs. */
export const scanPath = async (): Promise<string> => `${await gitleaksFolder()}:${process.env["PATH"]}`;

const IDENTITY = {
  GIT_AUTHOR_NAME: "Ann",
  GIT_AUTHOR_EMAIL: "ann@example.com",
  GIT_AUTHOR_DATE: "1700000000 +0000",
  GIT_COMMITTER_NAME: "Ann",
  GIT_COMMITTER_EMAIL: "ann@example.com",
  GIT_COMMITTER_DATE: "1700000000 +0000",
};

type Content = string | Buffer;
/** What a tree has under a name: a file, a tree of its own, or any entry. */
type Entry = Content | Tree | { readonly mode: string; readonly id: string };
export interface Tree {
  readonly [name: string]: Entry;
}

interface CommitToMake {
  readonly files?: Tree;
  /** the id of a tree, instead of files */
  readonly tree?: string;
  readonly parents?: readonly string[];
  readonly message?: Content;
  readonly headers?: string;
  readonly author?: string;
  readonly committer?: string;
}

/** A bare repository, as the gate has one, in which objects are made byte by byte. */
export class PushRepository implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "bb-push-"));
  readonly gitDir = join(this.#folder, "mirror.git");

  constructor() {
    this.git(["init", "-q", "--bare", this.gitDir], { cwd: this.#folder });
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  git(
    args: readonly string[],
    { input = "", cwd = this.gitDir }: { input?: Content; cwd?: string } = {},
  ): string {
    const env = {
      PATH: process.env["PATH"],
      HOME: this.#folder,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      ...IDENTITY,
    };
    return execFileSync("git", args, { cwd, input, env, timeout: 20_000, stdio: ["pipe", "pipe", "pipe"] })
      .toString()
      .trim();
  }

  object(type: string, content: Content): string {
    return this.git(["hash-object", "-w", "--literally", "-t", type, "--stdin"], { input: content });
  }

  /** Many at once. */
  blobs(contents: readonly string[]): string[] {
    const input = contents.map((text, mark) => `blob\nmark :${mark + 1}\ndata ${text.length}\n${text}\n`);
    const asked = contents.map((_, mark) => `get-mark :${mark + 1}\n`);
    return this.git(["fast-import", "--quiet"], { input: [...input, ...asked].join("") }).split("\n");
  }

  tree(files: Tree): string {
    const entries = Object.entries(files).map(([name, entry]) => {
      const { mode, id } = this.#entryOf(entry);
      const key = mode === "40000" ? `${name}/` : name;
      return { key, bytes: Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")]) };
    });
    entries.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
    return this.object("tree", Buffer.concat(entries.map(({ bytes }) => bytes)));
  }

  #entryOf(entry: Entry): { mode: string; id: string } {
    if (typeof entry === "string" || Buffer.isBuffer(entry))
      return { mode: "100644", id: this.object("blob", entry) };
    if (typeof entry["mode"] === "string" && typeof entry["id"] === "string")
      return { mode: entry["mode"], id: entry["id"] };
    return { mode: "40000", id: this.tree(entry as Tree) };
  }

  commit(make: CommitToMake): string {
    const {
      files = {},
      parents = [],
      message = "a change\n",
      headers = "",
      author = "Ann <ann@example.com>",
      committer = "Ann <ann@example.com>",
    } = make;
    const lines = [
      `tree ${make.tree ?? this.tree(files)}`,
      ...parents.map((id) => `parent ${id}`),
      `author ${author} 1700000000 +0000`,
      `committer ${committer} 1700000000 +0000`,
    ];
    const head = Buffer.from(`${lines.join("\n")}\n${headers}\n`);
    return this.object("commit", Buffer.concat([head, Buffer.from(message)]));
  }

  tag(type: string, id: string, message = "a tag\n"): string {
    const tagger = "Ann <ann@example.com> 1700000000 +0000";
    return this.object("tag", `object ${id}\ntype ${type}\ntag v1\ntagger ${tagger}\n\n${message}`);
  }

  async inspect(change: Partial<RefUpdate>, more: MoreOfRequest = {}): Promise<PushVerdict> {
    const update = { ref: "refs/heads/work", from: NONE, to: NONE, ...change };
    const inspect = createInspectPush({
      knownValues: () => more.knownValues ?? [],
      path: more.path ?? (await scanPath()),
    });
    const request: PushRequest = {
      gitDir: this.gitDir,
      environment: more.environment ?? {},
      updates: more.updates ?? [update],
      confirmed: more.confirmed ?? [],
      pushOptions: more.pushOptions ?? [],
      policy: { ...policy, ...more.policy },
      scan: { rules: [], baseline: [], ...more.scan },
    };
    return inspect(request, more.signal ?? new AbortController().signal);
  }
}

interface MoreOfRequest {
  readonly path?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly updates?: readonly RefUpdate[];
  readonly confirmed?: readonly string[];
  readonly pushOptions?: readonly string[];
  readonly policy?: Partial<PushPolicy>;
  readonly scan?: Partial<ScanPolicy>;
  readonly knownValues?: readonly KnownValue[];
  readonly signal?: AbortSignal;
}

/** The rules that a push was refused by; empty for a clean one. */
export const rulesOf = (verdict: PushVerdict): string[] =>
  verdict.kind === "clean" ? [] : verdict.findings.map(({ rule }) => rule);
