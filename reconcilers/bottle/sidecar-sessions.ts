import type { SidecarControl } from "../contract/sidecar-control.ts";
import type { SidecarsReport } from "../../sidecars/wire/control.ts";
import { SidecarSession, SidecarsSilentError, type SidecarsQuestion } from "./sidecar-session.ts";

/** Longer than this without an answer is silence (DESIGN.md §4). */
const ANSWER_TIMEOUT_MS = 5_000;

/** The attaches to all sidecars: one per sandbox, kept from pass to pass, made again when it ended. */
export class SidecarSessions {
  readonly #control: SidecarControl;
  readonly #timeoutMs: number;
  readonly #sessions = new Map<string, SidecarSession>();

  constructor(control: SidecarControl, timeoutMs: number = ANSWER_TIMEOUT_MS) {
    this.#control = control;
    this.#timeoutMs = timeoutMs;
  }

  /** throws SidecarsSilentError, SidecarsRefusedError and what SidecarControl throws */
  async ask(sandbox: string, question: SidecarsQuestion, signal: AbortSignal): Promise<SidecarsReport> {
    const kept = this.#sessions.get(sandbox);
    if (kept?.isOpen === true) {
      const report = await this.#askKept(kept, question, signal);
      if (report !== undefined) return report;
    }
    const session = new SidecarSession(await this.#control.open(sandbox, signal));
    this.#sessions.get(sandbox)?.close();
    this.#sessions.set(sandbox, session);
    return this.#askOnce(session, question, signal);
  }

  /** detaches from a sandbox that is about to go */
  forget(sandbox: string): void {
    this.#sessions.get(sandbox)?.close();
    this.#sessions.delete(sandbox);
  }

  /** undefined when the channel ended under the question, as after a restart of the sandbox or the engine */
  async #askKept(
    session: SidecarSession,
    question: SidecarsQuestion,
    signal: AbortSignal,
  ): Promise<SidecarsReport | undefined> {
    try {
      return await this.#askOnce(session, question, signal);
    } catch (error) {
      if (error instanceof SidecarsSilentError && error.channelEnded) return undefined;
      throw error;
    }
  }

  async #askOnce(
    session: SidecarSession,
    question: SidecarsQuestion,
    signal: AbortSignal,
  ): Promise<SidecarsReport> {
    try {
      return await session.ask(question, AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]));
    } catch (error) {
      // an attach on which an answer may still be under way is not used again
      if (error instanceof SidecarsSilentError) session.close();
      throw error;
    }
  }
}
