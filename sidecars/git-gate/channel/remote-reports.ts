import type { Clock } from "../../shared/clock.ts";
import type { RemotePolicy, RemoteReport } from "../../wire/git-policy.ts";
import type { GateEvent } from "../contract.ts";
import { plainLine } from "../plain-text.ts";

export type RemoteReason = NonNullable<RemoteReport["reason"]>;

/** Why a remote cannot be used. */
export interface Problem {
  readonly reason: RemoteReason;
  readonly message: string;
}

interface State {
  readonly policy: RemotePolicy;
  isChecked: boolean;
  /** of the remote itself or its upstream; what a request shows counts */
  problem: Problem | undefined;
  /** of what pushes are judged with; only another check ends it */
  scanner: Problem | undefined;
  refreshTime: string | undefined;
  lastPush: RemoteReport["lastPush"];
  /** that were pushed, newest last */
  pushed: readonly string[];
  branches: RemoteReport["branches"];
}

const MOST_BRANCHES = 20;
const MOST_REFS = 20;
const LONGEST_REF = 256;
const LONGEST_MESSAGE = 512;

/** of events before which the mirror was brought to what upstream has */
const AFTER_REFRESH = ["Fetched", "Pushed", "PushRefused", "UpstreamRefused"];
/** of events that a remote's failure is the reason of */
const FAILURES: readonly string[] = [
  "HostKeyMismatch",
  "AuthenticationFailed",
  "UpstreamUnreachable",
  "UpstreamCorrupt",
  "IdentityUnusable",
  "MirrorUnusable",
] satisfies RemoteReason[];

/** What is known of each configured remote. */
export class RemoteReports {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #states = new Map<string, State>();

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** From now on these: what is known of those that `isKept` names stays, of others at the same URL what was pushed. */
  begin(policies: readonly RemotePolicy[], isKept: (name: string) => boolean): void {
    const states = policies.map((policy): [string, State] => {
      const known = this.#states.get(policy.name);
      if (known !== undefined && isKept(policy.name)) return [policy.name, known];
      const unchecked = { isChecked: false, problem: undefined, scanner: undefined, refreshTime: undefined };
      const { lastPush, pushed, branches } = known?.policy.url === policy.url ? known : NOTHING_PUSHED;
      return [policy.name, { policy, ...unchecked, lastPush, pushed, branches }];
    });
    this.#states = new Map(states);
    this.#onChange();
  }

  /** What a check found. */
  checked(name: string, found: { readonly problem?: Problem; readonly scanner?: Problem }): void {
    this.#change(name, { isChecked: true, problem: found.problem, scanner: found.scanner });
  }

  isReady(name: string): boolean {
    const state = this.#states.get(name);
    return state !== undefined && state.isChecked && problemOf(state) === undefined;
  }

  note(event: GateEvent): void {
    const state = this.#states.get(event.remote);
    if (state === undefined) return;
    if (event.method === "push") this.#notePush(state, event);
    const { code, because: message } = event;
    if (AFTER_REFRESH.includes(code)) {
      const refreshTime = this.#clock.now().toISOString();
      this.#change(event.remote, { isChecked: true, problem: undefined, refreshTime });
    } else if (FAILURES.includes(code)) {
      this.#change(event.remote, { isChecked: true, problem: { reason: code as RemoteReason, message } });
    } else this.#onChange();
  }

  /** Branches of a remote that were pushed. */
  pushedBranches(name: string): readonly string[] {
    return this.#states.get(name)?.pushed ?? [];
  }

  placed(name: string, branches: RemoteReport["branches"]): void {
    this.#change(name, { branches });
  }

  all(): RemoteReport[] {
    return [...this.#states.values()].map(reportOf);
  }

  #change(name: string, change: Partial<State>): void {
    const state = this.#states.get(name);
    if (state === undefined) return;
    Object.assign(state, change);
    this.#onChange();
  }

  #notePush(state: State, { outcome, refs, because }: GateEvent): void {
    const time = this.#clock.now().toISOString();
    state.lastPush = { time, outcome, refs: shownRefs(refs), message: lineOf(because) };
    const names = outcome === "accepted" ? refs.flatMap(branchOf).filter(isShowable) : [];
    const others = state.pushed.filter((name) => !names.includes(name));
    state.pushed = [...others, ...names].slice(-MOST_BRANCHES);
  }
}

const NOTHING_PUSHED = { lastPush: undefined, pushed: [], branches: [] };

function reportOf(state: State): RemoteReport {
  const { policy, isChecked, refreshTime, lastPush, branches } = state;
  const problem = problemOf(state);
  return {
    name: policy.name,
    ...(problem === undefined
      ? WORDS[isChecked ? "ready" : "checking"]
      : { state: "failed", reason: problem.reason, message: lineOf(problem.message) }),
    ...(refreshTime === undefined ? {} : { refreshTime }),
    ...(lastPush === undefined ? {} : { lastPush }),
    branches,
  };
}

const WORDS = {
  ready: { state: "ready", message: "upstream answers" },
  checking: { state: "checking", message: "upstream is being asked" },
} as const;

const branchOf = (ref: string): string[] =>
  ref.startsWith("refs/heads/") ? [ref.slice("refs/heads/".length)] : [];

/** One that is longer, or would act on a terminal, is told of in `lastPush` and no further. */
const isShowable = (name: string): boolean => plainLine(name, LONGEST_REF) === name;

/** Refs as a report and a record show them: few, bounded, printable. */
export const shownRefs = (refs: readonly string[]): string[] =>
  refs.slice(0, MOST_REFS).map((ref) => plainLine(ref, LONGEST_REF));

const problemOf = ({ problem, scanner }: State): Problem | undefined => problem ?? scanner;

const lineOf = (words: string): string => plainLine(words, LONGEST_MESSAGE);
