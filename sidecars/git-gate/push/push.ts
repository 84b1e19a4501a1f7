import { type InspectPush, type PushFinding, type RefUpdate, RemoteFailure } from "../contract.ts";
import type { HookAnswer, HookCall } from "../hooks/hook-wire.ts";
import type { Remote } from "../upstream/remote.ts";
import { UpstreamError } from "../upstream/upstream-failure.ts";

type Verdict = Extract<HookAnswer, { accept: boolean }>;
const REFUSED: Verdict = { accept: false, refused: {} };
const COMMAND = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/(?:heads|tags)\/.+)$/;

/** One push, from its hooks' first call until git has ended. It holds the remote's turn, so that no refresh meets it. */
export class Push {
  readonly #remote: Remote;
  readonly #atomic: boolean;
  readonly #inspect: InspectPush;
  readonly #signal: AbortSignal;
  readonly #ended = Promise.withResolvers<void>();
  #isOver = false;
  #verdict: Verdict | undefined;

  constructor(parts: {
    readonly remote: Remote;
    readonly atomic: boolean;
    readonly inspect: InspectPush;
    readonly signal: AbortSignal;
  }) {
    this.#remote = parts.remote;
    this.#atomic = parts.atomic;
    this.#inspect = parts.inspect;
    this.#signal = parts.signal;
  }

  /** git has ended, and with it what holds the turn. */
  end(): void {
    this.#isOver = true;
    this.#ended.resolve();
  }

  async answer(call: HookCall, say: (words: string) => void): Promise<Verdict> {
    if (call.hook === "proc-receive") return this.#verdict ?? REFUSED;
    // asked a second time, it has nothing to say
    if (this.#verdict !== undefined) return REFUSED;
    this.#verdict = REFUSED;
    const judged = Promise.withResolvers<Verdict>();
    void this.#remote
      .alone(async () => {
        // git may have been ended while this waited
        judged.resolve(this.#isOver ? REFUSED : await this.#judge(call, say));
        await this.#ended.promise;
      })
      .catch(judged.reject);
    this.#verdict = await judged.promise;
    return this.#verdict;
  }

  async #judge(call: HookCall, say: (words: string) => void): Promise<Verdict> {
    const updates = updatesOf(call.commands);
    if (updates === undefined) {
      say("git-gate: only refs/heads and refs/tags can be pushed");
      return REFUSED;
    }
    try {
      await this.#remote.refreshInTurn();
      const findings = await this.#findings(call, updates);
      if (findings.length > 0) {
        for (const line of refusalOf(findings)) say(line);
        return REFUSED;
      }
      return await this.#forward(call, updates, say);
    } catch (error) {
      if (!(error instanceof UpstreamError || error instanceof RemoteFailure)) throw error;
      say(`git-gate: ${error.message}`);
      return REFUSED;
    }
  }

  async #findings(call: HookCall, updates: readonly RefUpdate[]): Promise<readonly PushFinding[]> {
    const { mirror, declaration } = this.#remote;
    const verdict = await this.#inspect(
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
    return verdict.kind === "clean" ? [] : verdict.findings;
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

function refusalOf(findings: readonly PushFinding[]): readonly string[] {
  return [
    "git-gate: the push is refused, and nothing of it went to upstream",
    ...findings.flatMap(({ rule, where, shape, whatToDo }) => [
      `  ${rule}: ${where}${shape === "" ? "" : `: ${shape}`}`,
      `    ${whatToDo}`,
    ]),
  ];
}
