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
  /** how long until the next question, by the names of those that are not ready */
  readonly #pauses = new Map<string, number>();
  readonly #waiting = new Set<ServedRemote>();

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

  /** Asks at once. */
  begin(served: ServedRemote): void {
    void this.#check(served).then(() => this.watch(served));
  }

  /** Asks again after a pause, unless it is ready or will be asked anyway. */
  watch(served: ServedRemote): void {
    const { name, signal } = served;
    if (this.#reports.isReady(name)) return void this.#pauses.delete(name);
    if (signal.aborted || this.#waiting.has(served)) return;
    const pauseMs = this.#pauses.get(name) ?? FIRST_PAUSE_MS;
    this.#pauses.set(name, Math.min(2 * pauseMs, LONGEST_PAUSE_MS));
    this.#waiting.add(served);
    this.#clock.after(pauseMs, () => {
      this.#waiting.delete(served);
      this.#again(served);
    });
  }

  /** Pauses begin anew. */
  forget(): void {
    this.#pauses.clear();
  }

  #again(served: ServedRemote): void {
    if (served.signal.aborted || this.#reports.isReady(served.name)) return;
    if (served.isBroken) this.#reopen();
    else this.begin(served);
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
