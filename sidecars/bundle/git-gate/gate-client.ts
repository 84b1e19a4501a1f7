import { join } from "node:path";
import type { AuditLog } from "../../egress/audit-log.ts";
import { type HeldSecret, secretId } from "../../egress/enforcement.ts";
import type { Clock } from "../../shared/clock.ts";
import type { SecretValue } from "../../wire/control.ts";
import type { GateMessage, GateRequest } from "../../wire/git-gate-channel.ts";
import type { GitPolicy, RemotePolicy, RemoteReport } from "../../wire/git-policy.ts";
import { GateAudit } from "./gate-audit.ts";
import { GateConnection } from "./gate-connection.ts";

/** the process is asked for again when it does not listen, or does not take its configuration, in this time */
const START_LIMIT_MS = 20_000;
const LOOK_AGAIN_MS = 20;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

export interface GateClientParts {
  /** where the process has its sockets */
  readonly folder: string;
  /** asks the entry to start the process, in place of one that may be running, or to end it */
  readonly ask: (word: "start" | "stop") => void;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** One process, from when it is asked for. */
interface Run {
  connection: GateConnection | undefined;
  /** it has answered to a configuration: it serves */
  isServing: boolean;
  cancelLimit: () => void;
}

/**
 * git-gate's process as the bundle sees it: running as long as there are remotes, started again when it ends, and given
 * what it needs to know.
 */
export class GateClient {
  readonly #parts: GateClientParts;
  readonly #audit: GateAudit;
  #request: GateRequest | undefined;
  #generation = 0;
  #reports = new Map<string, RemoteReport>();
  #run: Run | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #hasFailed = false;
  #cancelRestart: () => void = () => undefined;

  constructor(parts: GateClientParts) {
    this.#parts = parts;
    this.#audit = new GateAudit(parts.audit, parts.clock);
  }

  /** Where the process serves git; undefined while it does not. */
  get socket(): string | undefined {
    if (!this.#parts.audit.hasRoom()) return undefined;
    return this.#run?.isServing === true ? join(this.#parts.folder, "http.sock") : undefined;
  }

  /** Why there is nobody at `socket`, for the agent. */
  get absence(): string {
    if (this.#request === undefined) return "no git remote is declared for this bottle";
    if (!this.#parts.audit.hasRoom())
      return "what is fetched and pushed cannot be recorded now: try again later";
    return this.#hasFailed
      ? "git-gate ended and is started again: try again in a minute"
      : "git-gate is starting: try again in a moment";
  }

  /** Puts remotes in force. Never throws: what fails is in the reports. */
  configure(git: GitPolicy, secrets: ReadonlyMap<string, HeldSecret>, canaries: string[] = []): void {
    if (git.remotes.length === 0) return this.stop();
    const request: GateRequest = {
      kind: "configure",
      generation: (this.#generation += 1),
      git,
      secrets: git.remotes.flatMap((remote) => secretOf(remote, secrets)),
      canaries,
    };
    const before = this.#request;
    const isKept = (name: string): boolean =>
      before !== undefined && aboutOf(before, name) === aboutOf(request, name);
    this.#reports = new Map([...this.#reports].filter(([name]) => isKept(name)));
    this.#request = request;
    if (this.#run?.connection?.isOpen === true) this.#run.connection.send(request);
    else if (this.#run === undefined && !this.#hasFailed) this.#start();
  }

  /** Ends the process, and with it everything that it holds. */
  stop(): void {
    if (this.#request === undefined) return;
    this.#request = undefined;
    this.#reports.clear();
    this.#cancelRestart();
    this.#hasFailed = false;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#drop();
    this.#parts.ask("stop");
  }

  /** Of each configured remote. */
  get reports(): RemoteReport[] {
    const { remotes = [] } = this.#request?.git ?? {};
    return remotes.map(({ name }) => {
      const report = this.#reports.get(name) ?? UNKNOWN(name);
      return this.#hasFailed ? { ...report, ...NOT_RUNNING } : report;
    });
  }

  #start(): void {
    const { clock, ask } = this.#parts;
    const run: Run = {
      connection: undefined,
      isServing: false,
      cancelLimit: clock.after(START_LIMIT_MS, () => this.#fail(run, "it did not take its configuration")),
    };
    this.#run = run;
    ask("start");
    this.#connect(run);
  }

  #connect(run: Run): void {
    if (this.#run !== run) return;
    const connection = new GateConnection(join(this.#parts.folder, "control.sock"), {
      onOpen: () => {
        if (this.#run === run && this.#request !== undefined) connection.send(this.#request);
      },
      onMessage: (message) => this.#take(run, message),
      onEnd: (wasOpen) => {
        if (wasOpen) this.#fail(run, "it ended");
        else this.#parts.clock.after(LOOK_AGAIN_MS, () => this.#connect(run));
      },
    });
    run.connection = connection;
  }

  #take(run: Run, message: GateMessage): void {
    if (this.#run !== run) return;
    if (message.kind === "audit") return this.#audit.write(message.record);
    if (message.generation !== this.#request?.generation) return;
    if (!run.isServing) this.#isUp(run);
    const names = new Set(this.#request.git.remotes.map(({ name }) => name));
    const known = message.remotes.filter(({ name }) => names.has(name));
    this.#reports = new Map(known.map((report) => [report.name, report]));
  }

  #isUp(run: Run): void {
    run.isServing = true;
    run.cancelLimit();
    this.#hasFailed = false;
    // one that serves this long is not one that ends at once
    this.#parts.clock.after(LONGEST_PAUSE_MS, () => {
      if (this.#run === run) this.#pauseMs = FIRST_PAUSE_MS;
    });
    this.#write("info", "GateStarted", "git-gate serves");
  }

  #fail(run: Run, because: string): void {
    if (this.#run !== run) return;
    this.#drop();
    this.#hasFailed = true;
    this.#write("error", "GateStopped", `git-gate: ${because}`);
    this.#cancelRestart = this.#parts.clock.after(this.#pauseMs, () => this.#start());
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }

  #drop(): void {
    this.#run?.cancelLimit();
    this.#run?.connection?.close();
    this.#run = undefined;
  }

  #write(verdict: "info" | "error", code: string, because: string): void {
    this.#parts.audit.write({ gate: "git", verdict, code, because });
  }
}

const NOT_RUNNING = {
  state: "failed",
  reason: "GateNotRunning",
  message: "git-gate's process ended, and is started again",
} as const;

const UNKNOWN = (name: string): RemoteReport => ({
  ...{ name, state: "checking", message: "git-gate is starting", branches: [] },
});

/** The secret of a remote as git-gate gets it; nothing when there is none. */
function secretOf({ secret }: RemotePolicy, held: ReadonlyMap<string, HeldSecret>): SecretValue[] {
  const found = secret && held.get(secretId(secret));
  if (secret === undefined || found === undefined) return [];
  // no field more: git-gate refuses what it does not know
  const { version, value, placeholder, destinations } = found;
  return [{ ...secret, version, value, placeholder, destinations: [...destinations] }];
}

/** All that a configuration says of one remote, but for values. */
function aboutOf({ git, secrets }: GateRequest, name: string): string {
  const remote = git.remotes.find((each) => each.name === name);
  const { secret } = remote ?? {};
  const versions = secrets.filter((each) => each.name === secret?.name && each.key === secret.key);
  return JSON.stringify([remote, versions.map(({ version, destinations }) => [version, destinations])]);
}
