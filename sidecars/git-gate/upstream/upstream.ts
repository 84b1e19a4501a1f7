import { type ChildEnd, runChild } from "../process/child.ts";
import type { RefUpdate } from "../contract.ts";
import type { Environment } from "../process/environment.ts";
import type { Refs } from "../mirror/mirror.ts";
import { type PushReport, readPushReport } from "../push/push-report.ts";
import { unreachable, upstreamErrorOf } from "./upstream-failure.ts";

export interface UpstreamLimits {
  readonly listTimeoutMs: number;
  readonly fetchTimeoutMs: number;
  readonly pushTimeoutMs: number;
}

/** What upstream has of branches and tags. */
export interface Listing {
  readonly refs: Refs;
  /** the branch that HEAD is; absent when it is none, or upstream is empty */
  readonly head?: string;
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
  "--quiet",
  "--prune",
  "--no-tags",
  "--force",
  "--no-auto-maintenance",
  "--no-write-fetch-head",
  "--no-recurse-submodules",
];
const REFSPECS = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
const LISTED = /^([0-9a-f]{40}|[0-9a-f]{64})\t(refs\/(?:heads|tags)\/.*(?<!\^\{\}))$/gm;
const HEAD = /^ref: (refs\/heads\/[^\s]+)\tHEAD$/m;

/** The real remote, over ssh. Throws UpstreamError when it does not serve. */
export class Upstream {
  readonly #url: string;
  readonly #environment: Environment;
  readonly #limits: UpstreamLimits;
  readonly #signal: AbortSignal;

  constructor(parts: {
    readonly url: string;
    /** git's, with the ssh command */
    readonly environment: Environment;
    readonly limits: UpstreamLimits;
    readonly signal: AbortSignal;
  }) {
    this.#url = parts.url;
    this.#environment = parts.environment;
    this.#limits = parts.limits;
    this.#signal = parts.signal;
  }

  async list(): Promise<Listing> {
    const args = ["ls-remote", "--symref", "--", this.#url, "HEAD", "refs/heads/*", "refs/tags/*"];
    const end = await this.#run(args, this.#limits.listTimeoutMs);
    if (!end.ok) throw upstreamErrorOf(end) ?? unreachable(end);
    const refs = new Map([...end.stdout.matchAll(LISTED)].map(([, id = "", ref = ""]) => [ref, id]));
    const [, head] = HEAD.exec(end.stdout) ?? [];
    return head === undefined ? { refs } : { refs, head };
  }

  /** Brings the mirror's branches and tags to upstream's. What is not upstream's failure is in the result. */
  async fetch(gitDir: string): Promise<ChildEnd> {
    const args = [`--git-dir=${gitDir}`, ...FETCH, "--", this.#url, ...REFSPECS];
    const end = await this.#run(args, this.#limits.fetchTimeoutMs);
    const error = end.ok ? undefined : upstreamErrorOf(end);
    if (error !== undefined) throw error;
    return end;
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
    const end = await this.#run(args, this.#limits.pushTimeoutMs, push.quarantine);
    const report = readPushReport(end, push.updates);
    if (report.taken.length === 0 && report.refused.size === 0)
      throw upstreamErrorOf(end) ?? unreachable(end);
    return report;
  }

  #run(args: readonly string[], timeoutMs: number, more: Environment = {}): Promise<ChildEnd> {
    const environment = { ...this.#environment, ...more };
    return runChild({ argv: ["git", ...args], environment, cwd: "/", timeoutMs, signal: this.#signal });
  }
}

/** Whether an id says that there is no object. */
function isZero(id: string): boolean {
  return /^0+$/.test(id);
}
