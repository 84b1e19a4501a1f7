import type { Clock } from "../../shared/clock.ts";
import { checkScanner } from "../judge/check-scanner.ts";
import { failureOf } from "../outcomes.ts";
import type { ServedRemote } from "../served-remote.ts";
import type { Problem, RemoteReason, RemoteReports } from "./remote-reports.ts";

const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 5 * 60_000;

/** Asks upstream of each remote once, and of one that is not ready again after growing pauses. */
export class RemoteChecks {
  readonly #reports: RemoteReports;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #reopen: () => void;

  constructor(parts: {
    readonly reports: RemoteReports;
    /** where git, ssh and gitleaks are found */
    readonly path: string;
    readonly clock: Clock;
    /** tries again to open what could not be opened */
    readonly reopen: () => void;
  }) {
    this.#reports = parts.reports;
    this.#path = parts.path;
    this.#clock = parts.clock;
    this.#reopen = parts.reopen;
  }

  begin(served: ServedRemote, pauseMs = FIRST_PAUSE_MS): void {
    void this.#check(served).then(() => {
      if (served.signal.aborted || this.#reports.isReady(served.name)) return;
      this.#clock.after(pauseMs, () => this.#again(served, Math.min(2 * pauseMs, LONGEST_PAUSE_MS)));
    });
  }

  #again(served: ServedRemote, pauseMs: number): void {
    if (served.signal.aborted || this.#reports.isReady(served.name)) return;
    if (served.isBroken) this.#reopen();
    else this.begin(served, pauseMs);
  }

  async #check(served: ServedRemote): Promise<void> {
    const [problem, scanner] = await Promise.all([problemOf(served), this.#scannerProblem(served)]);
    if (served.signal.aborted) return;
    this.#reports.checked(served.name, {
      ...(problem === undefined ? {} : { problem }),
      ...(scanner === undefined ? {} : { scanner }),
    });
  }

  async #scannerProblem({ declaration, signal }: ServedRemote): Promise<Problem | undefined> {
    const { rules } = declaration.policy.scan;
    const message = await checkScanner({ path: this.#path, folder: "/tmp", rules, signal });
    return message === undefined ? undefined : { reason: "ScannerUnavailable", message };
  }
}

async function problemOf(served: ServedRemote): Promise<Problem | undefined> {
  try {
    await served.use((remote) => remote.upstream.list());
    return undefined;
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) return { reason: "MirrorUnusable", message: "the gate failed to open it" };
    return { reason: failure.code as RemoteReason, message: failure.because };
  }
}
