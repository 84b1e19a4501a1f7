import { type ChildEnd, type ChildRun, runChild } from "../process/child.ts";
import { isZero, type RefUpdate } from "../contract.ts";
import type { Environment } from "../process/environment.ts";
import type { Refs } from "../mirror/mirror.ts";
import { formatOfId, type ObjectFormat } from "../object-format.ts";
import { type PushReport, readPushReport } from "../push/push-report.ts";
import type { Access, Passage } from "./access.ts";
import { unreachable, upstreamErrorOf } from "./upstream-failure.ts";

export interface UpstreamLimits {
  readonly listTimeoutMs: number;
  readonly fetchTimeoutMs: number;
  readonly pushTimeoutMs: number;
  /** how long a login to upstream is kept that nobody uses */
  readonly idleMs: number;
  /** how long a client waits for a refresh, which goes on without it */
  readonly patienceMs: number;
  /** of all objects of one mirror */
  readonly maxMirrorBytes: number;
}

/** What upstream has of branches and tags. */
export interface Listing {
  readonly refs: Refs;
  /** tags that are objects, with what they point to in the end */
  readonly peeled: Refs;
  /** the branch that HEAD is; absent when it is none, or upstream is empty */
  readonly head?: string;
  readonly format: ObjectFormat;
}

export interface UpstreamPush {
  readonly gitDir: string;
  /** where git has the pushed objects */
  readonly quarantine: Environment;
  readonly updates: readonly RefUpdate[];
  readonly pushOptions: readonly string[];
  readonly atomic: boolean;
}

const FETCH = [
  "fetch",
  "--progress",
  "--prune",
  "--no-tags",
  "--force",
  "--no-auto-maintenance",
  "--no-write-fetch-head",
  "--no-recurse-submodules",
];
const REFSPECS = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
const LISTED = /^([0-9a-f]{40}|[0-9a-f]{64})\t(refs\/(?:heads|tags)\/.*(?<!\^\{\}))$/gm;
const PEELED = /^([0-9a-f]{40}|[0-9a-f]{64})\t(refs\/tags\/.*)\^\{\}$/gm;
const FORMAT_SAID = /^.* packet: +\S+< .*?\bobject-format=(sha1|sha256)\b/m;
const HEAD = /^ref: (refs\/heads\/[^\s]+)\tHEAD$/m;

/** The real remote. Throws UpstreamError when it does not serve. */
export class Upstream {
  readonly #url: string;
  readonly #access: Access;
  readonly #environment: Environment;
  readonly #limits: UpstreamLimits;
  readonly #signal: AbortSignal;

  constructor(parts: {
    readonly url: string;
    readonly access: Access;
    /** git's */
    readonly environment: Environment;
    readonly limits: UpstreamLimits;
    readonly signal: AbortSignal;
  }) {
    this.#url = parts.url;
    this.#access = parts.access;
    this.#environment = parts.environment;
    this.#limits = parts.limits;
    this.#signal = parts.signal;
  }

  async list(): Promise<Listing> {
    const args = ["ls-remote", "--symref", "--", this.#url, "HEAD", "refs/heads/*", "refs/tags/*"];
    const end = await this.#ask({ argv: ["git", ...args], timeoutMs: this.#limits.listTimeoutMs });
    if (!end.ok) throw upstreamErrorOf(end) ?? unreachable(end);
    const refsIn = (pattern: RegExp): Refs =>
      new Map([...end.stdout.matchAll(pattern)].map(([, id = "", ref = ""]) => [ref, id]));
    const [refs, peeled] = [refsIn(LISTED), refsIn(PEELED)];
    const [, head] = HEAD.exec(end.stdout) ?? [];
    const [id] = refs.values();
    const format = id === undefined ? await this.#formatOfEmpty() : formatOfId(id);
    return { refs, peeled, format, ...(head === undefined ? {} : { head }) };
  }

  /** What upstream says before it says that it has nothing; git shows that in its trace alone. */
  async #formatOfEmpty(): Promise<ObjectFormat> {
    const args = ["ls-remote", "--", this.#url, "HEAD"] as const;
    const trace = { GIT_TRACE_PACKET: "1" };
    const end = await this.#ask({ argv: ["git", ...args], timeoutMs: this.#limits.listTimeoutMs }, trace);
    if (!end.ok) throw upstreamErrorOf(end) ?? unreachable(end);
    return FORMAT_SAID.exec(end.stderr)?.[1] === "sha256" ? "sha256" : "sha1";
  }

  /** Brings a mirror's branches and tags to upstream's, with at most so many bytes more. What fails is in the result. */
  fetch(gitDir: string, maxBytes: number, onProgress: (line: string) => void): Promise<ChildEnd> {
    // git itself limits what is pushed and not what is fetched: the kernel ends who writes a longer file
    const limit = ["prlimit", `--fsize=${maxBytes}`, "--core=0", "git"] as const;
    const args = [`--git-dir=${gitDir}`, ...FETCH, "--", this.#url, ...REFSPECS];
    return this.#ask({ argv: [...limit, ...args], timeoutMs: this.#limits.fetchTimeoutMs, onProgress });
  }

  /** Moves refs, each only from where the client saw it. Throws when no word came of what became of them. */
  async push(push: UpstreamPush): Promise<PushReport> {
    const leases = push.updates.map(
      ({ ref, from }) => `--force-with-lease=${ref}:${isZero(from) ? "" : from}`,
    );
    const args = [
      `--git-dir=${push.gitDir}`,
      "push",
      "--porcelain",
      "--no-verify",
      "--no-follow-tags",
      "--no-signed",
      push.atomic ? "--atomic" : "--no-atomic",
      ...push.pushOptions.map((option) => `--push-option=${option}`),
      ...leases,
      "--",
      this.#url,
      ...push.updates.map(({ ref, to }) => `${isZero(to) ? "" : to}:${ref}`),
    ];
    const passage = await this.#access.enter(this.#limits.pushTimeoutMs);
    const run = { argv: ["git", ...args] as const, timeoutMs: this.#limits.pushTimeoutMs };
    const end = await this.#run(run, passage, push.quarantine);
    const report = readPushReport(end, push.updates);
    if (report.taken.length === 0 && report.refused.size === 0)
      throw upstreamErrorOf(end) ?? unreachable(end);
    return report;
  }

  /** A connection of an earlier run may have died since; then it is asked once more, over another. */
  async #ask(run: GitRun, more: Environment = {}): Promise<ChildEnd> {
    const passage = await this.#access.enter(run.timeoutMs);
    const end = await this.#run(run, passage, more);
    const mayBeDead = passage.isReused && end.ended === undefined && upstreamErrorOf(end) !== undefined;
    if (!mayBeDead) return end;
    return this.#run(run, await this.#access.enter(run.timeoutMs), more);
  }

  async #run(run: GitRun, passage: Passage, more: Environment = {}): Promise<ChildEnd> {
    const environment = { ...this.#environment, ...passage.environment, ...more };
    const end = await runChild({ ...run, environment, cwd: "/", signal: this.#signal });
    passage.leave(!end.ok && upstreamErrorOf(end) !== undefined);
    return end;
  }
}

type GitRun = Pick<ChildRun, "argv" | "timeoutMs" | "onProgress">;
