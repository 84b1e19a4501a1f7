import { CANARY_ID, type KnownValue } from "../../detection/index.ts";
import type { Clock } from "../../shared/clock.ts";
import type { GateMessage, GateRequest } from "../../wire/git-gate-channel.ts";
import type { RemotePolicy } from "../../wire/git-policy.ts";
import type { GateEvent } from "../contract.ts";
import type { GitGate } from "../git-gate.ts";
import type { ServedRemote } from "../served-remote.ts";
import { parseGitUrl } from "../../../crds/git-url.ts";
import { branchPositions } from "./branch-positions.ts";
import { declarationsOf } from "./declarations.ts";
import { RemoteChecks } from "./remote-checks.ts";
import { RemoteReports, shownRefs } from "./remote-reports.ts";

/** changes that come together are told together */
const GATHER_MS = 50;
const VERDICTS = { accepted: "allow", rejected: "deny", failed: "error" } as const;

export interface SessionParts {
  readonly send: (message: GateMessage) => void;
  /** where programs are found */
  readonly path: string;
  readonly clock: Clock;
}

/** Carries out what the bundle asks of the gate, and tells it what happens. */
export class GateSession {
  readonly #parts: SessionParts;
  readonly #reports: RemoteReports;
  readonly #checks: RemoteChecks;
  #gate: GitGate | undefined;
  #request: GateRequest | undefined;
  /** the last of the requests that is in force */
  #applied: GateRequest | undefined;
  #served: readonly ServedRemote[] = [];
  #isTelling = false;

  constructor(parts: SessionParts) {
    const { clock, path } = parts;
    this.#parts = parts;
    this.#reports = new RemoteReports(clock, () => this.#tell());
    this.#checks = new RemoteChecks({ reports: this.#reports, path, clock, reopen: () => this.#apply() });
  }

  /** What must not leave: secrets by the remotes' names, and canaries. */
  knownValues(): readonly KnownValue[] {
    const secrets = this.#served.flatMap(({ name, declaration: { secret } }) =>
      secret === undefined ? [] : [{ id: name, value: secret }],
    );
    return [
      ...secrets,
      ...(this.#request?.canaries ?? []).map((value): KnownValue => ({ id: CANARY_ID, value })),
    ];
  }

  serve(gate: GitGate): void {
    this.#gate = gate;
    this.#apply();
  }

  configure(request: GateRequest): void {
    this.#request = request;
    this.#checks.forget();
    this.#apply();
  }

  note(event: GateEvent): void {
    const served = this.#served.find(({ name }) => name === event.remote);
    if (served === undefined) return;
    this.#reports.note(event);
    this.#checks.watch(served);
    this.#parts.send({ kind: "audit", record: recordOf(event, served.declaration.policy) });
    if (event.code === "Pushed" || event.code === "Fetched") void this.#place(served);
  }

  /** Puts the last request in force. */
  #apply(): void {
    const request = this.#request;
    if (this.#gate === undefined || request === undefined) return;
    const declarations = declarationsOf(request.git, request.secrets);
    void this.#gate.configure(declarations).then((served) => {
      // another came meanwhile, and its turn is next
      if (request !== this.#request) return;
      const before = new Set(this.#served);
      this.#served = served;
      const kept = new Set(served.filter((one) => before.has(one)).map(({ name }) => name));
      // of one that is only tried again, what was said last stands until it is known
      const isAgain = request === this.#applied;
      this.#applied = request;
      this.#reports.begin(request.git.remotes, (name) => isAgain || kept.has(name));
      for (const one of served) if (!before.has(one)) this.#checks.begin(one);
    });
  }

  async #place(served: ServedRemote): Promise<void> {
    const pushed = this.#reports.pushedBranches(served.name);
    if (pushed.length === 0) return;
    const positions = await served
      .use(({ mirror }) =>
        branchPositions({ gitDir: mirror.gitDir, path: this.#parts.path, signal: served.signal }, pushed),
      )
      .catch(() => undefined); // it was closed
    if (positions !== undefined) this.#reports.placed(served.name, positions);
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#parts.clock.after(GATHER_MS, () => {
      this.#isTelling = false;
      const { generation = 0 } = this.#request ?? {};
      this.#parts.send({ kind: "reports", generation, remotes: this.#reports.all() });
    });
  }
}

function recordOf(
  event: GateEvent,
  { url }: RemotePolicy,
): Extract<GateMessage, { kind: "audit" }>["record"] {
  const { host, port } = parseGitUrl(url) ?? {};
  const { remote, method, outcome, code, because, rule, refs } = event;
  return {
    gate: "git",
    verdict: VERDICTS[outcome],
    code,
    because,
    method,
    route: remote,
    ...(host === undefined || port === undefined ? {} : { host, port }),
    ...(rule === undefined ? {} : { rule }),
    ...(method === "push" ? { refs: shownRefs(refs) } : {}),
    requestBytes: event.requestBytes,
    responseBytes: event.responseBytes,
    durationMs: event.durationMs,
  };
}
