import type { InspectPush, Outcome, PushFinding, PushVerdict, RefUpdate } from "../contract.ts";
import type { HookAnswer, HookCall } from "../hooks/hook-wire.ts";
import type { Remote } from "../upstream/remote.ts";
import { failureOf, outcomeOf, wordsOf } from "../outcomes.ts";
import type { PushReport } from "./push-report.ts";
import type { Turns } from "../../shared/turns.ts";

type Verdict = Extract<HookAnswer, { accept: boolean }>;
const REFUSED: Verdict = { accept: false, refused: {} };
/** until it is known */
const BROKEN = outcomeOf("failed", "PushBroken", "the push was ended before upstream answered");
const COMMAND = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/(?:heads|tags)\/.+)$/;

/**
 * One push, from its hooks' first call until git has ended. Others read and refresh meanwhile: its objects are git's
 * quarantine's until upstream took them, upstream moves each ref only from where the client saw it, and git moves none of
 * the mirror's.
 */
export class Push {
  readonly #remote: Remote;
  readonly #atomic: boolean;
  readonly #inspect: InspectPush;
  readonly #judging: Turns;
  readonly #signal: AbortSignal;
  #isOver = false;
  #verdict: Verdict | undefined;
  #outcome = outcomeOf("failed", "PackRefused", "git did not get the whole pack, or did not take it");
  /** what upstream took */
  #taken: readonly RefUpdate[] = [];

  constructor(parts: {
    readonly remote: Remote;
    readonly atomic: boolean;
    readonly inspect: InspectPush;
    /** with those of other pushes, whose inspections wait for each other */
    readonly judging: Turns;
    readonly signal: AbortSignal;
  }) {
    this.#remote = parts.remote;
    this.#atomic = parts.atomic;
    this.#inspect = parts.inspect;
    this.#judging = parts.judging;
    this.#signal = parts.signal;
  }

  /** What became of it, once git has ended. */
  get outcome(): Outcome {
    return this.#outcome;
  }

  /** git has ended: nothing more goes to upstream. */
  end(): void {
    this.#isOver = true;
  }

  async answer(call: HookCall, say: (words: string) => void): Promise<Verdict> {
    if (call.hook === "proc-receive") return this.#settle();
    // asked a second time, it has nothing to say
    if (this.#verdict !== undefined) return REFUSED;
    this.#verdict = REFUSED;
    this.#verdict = await this.#judge(call, say);
    return this.#verdict;
  }

  /** git has taken the objects in: the mirror's refs go where upstream's went, before the client hears of it. */
  async #settle(): Promise<Verdict> {
    if (this.#taken.length > 0) await this.#remote.follow(this.#taken);
    return this.#verdict ?? REFUSED;
  }

  async #judge(call: HookCall, say: (words: string) => void): Promise<Verdict> {
    const updates = updatesOf(call.commands);
    if (updates === undefined) {
      const because = "only refs/heads and refs/tags can be pushed";
      this.#outcome = outcomeOf("rejected", "RefNotAllowed", because);
      say(`git-gate: ${because}`);
      return REFUSED;
    }
    this.#outcome = BROKEN;
    try {
      await this.#remote.refreshUnlessFresh();
      const verdict = await this.#judging.take(() => this.#inspected(call, updates), this.#signal);
      if (verdict === undefined) return REFUSED;
      const areRefsClean = verdict.kind === "clean" || verdict.areRefsClean === true;
      // a name may be the secret that it is refused for
      const refs = areRefsClean ? updates.map(({ ref }) => ref) : [];
      this.#outcome = { ...BROKEN, refs };
      if (verdict.kind === "refused") return this.#refuse(verdict.findings, refs, say);
      return this.#isOver ? REFUSED : await this.#forward(call, updates, say);
    } catch (error) {
      const outcome = failureOf(error);
      if (outcome === undefined) throw error;
      this.#outcome = { ...outcome, refs: this.#outcome.refs };
      say(wordsOf(outcome));
      return REFUSED;
    }
  }

  #refuse(findings: readonly PushFinding[], refs: readonly string[], say: (words: string) => void): Verdict {
    const { rule = "ScanFailed", where = "the push" } = findings[0] ?? {};
    this.#outcome = outcomeOf("rejected", "PushRefused", `${rule}: ${where}`, { refs, rule });
    for (const line of refusalOf(findings)) say(line);
    return REFUSED;
  }

  /** Undefined when nobody waits for it any more. */
  async #inspected(call: HookCall, updates: readonly RefUpdate[]): Promise<PushVerdict | undefined> {
    const { mirror, declaration } = this.#remote;
    if (this.#isOver) return undefined;
    return this.#inspect(
      {
        gitDir: mirror.gitDir,
        environment: call.quarantine,
        updates,
        // they are upstream's of a moment ago
        confirmed: [...new Set((await mirror.refs()).values())],
        pushOptions: call.pushOptions,
        policy: declaration.policy.push,
        scan: declaration.policy.scan,
      },
      this.#signal,
    );
  }

  async #forward(
    call: HookCall,
    updates: readonly RefUpdate[],
    say: (words: string) => void,
  ): Promise<Verdict> {
    const { GIT_QUARANTINE_PATH: _, ...quarantine } = call.quarantine;
    const report = await this.#remote.upstream.push({
      gitDir: this.#remote.mirror.gitDir,
      quarantine,
      updates,
      pushOptions: call.pushOptions,
      atomic: this.#atomic,
    });
    this.#outcome = outcomeOfReport(report);
    this.#taken = updates.filter(({ ref }) => report.taken.includes(ref));
    for (const words of report.words) say(words);
    for (const [ref, because] of report.refused) say(`upstream refused ${ref}: ${because}`);
    return { accept: report.taken.length > 0, refused: Object.fromEntries(report.refused) };
  }
}

/** Undefined when one names what does not exist in the gate. */
function updatesOf(commands: readonly string[]): readonly RefUpdate[] | undefined {
  const updates = commands.map((command) => {
    const [, from = "", to = "", ref] = COMMAND.exec(command) ?? [];
    return ref === undefined ? undefined : { ref, from, to };
  });
  return updates.every((update) => update !== undefined) ? updates : undefined;
}

function outcomeOfReport({ taken, refused }: PushReport): Outcome {
  const refusals = [...refused].map(([ref, because]) => `upstream refused ${ref}: ${because}`);
  const because = [...(taken.length > 0 ? [`upstream took ${taken.join(", ")}`] : []), ...refusals].join(
    "; ",
  );
  if (taken.length > 0) return outcomeOf("accepted", "Pushed", because, { refs: taken });
  return outcomeOf("rejected", "UpstreamRefused", because, { refs: [...refused.keys()] });
}

function refusalOf(findings: readonly PushFinding[]): readonly string[] {
  return [
    "git-gate: the push is refused, and nothing of it went to upstream",
    ...findings.flatMap(({ rule, where, shape, whatToDo }) => [
      `  ${rule}: ${where}${shape === "" ? "" : `: ${shape}`}`,
      `    ${whatToDo}`,
    ]),
  ];
}
