import { duplexPair, type Duplex } from "node:stream";
import {
  type BudgetUse,
  ControlRequest,
  type ControlAnswer,
  type SidecarsConfiguration,
  type SidecarsReport,
} from "../../sidecars/wire/control.ts";

import type { RemotePolicy, RemoteReport } from "../../sidecars/wire/git-policy.ts";

interface HeldSecret {
  readonly version: string;
  readonly value: string;
}

/**
 * Process 1 of a fake sidecars sandbox: it speaks the control protocol and
 * forgets everything when it dies. It enforces nothing; it reports what it was told.
 */
export class FakeSidecars {
  readonly #isSilent: () => boolean;
  readonly #remoteReports: ReadonlyMap<string, Omit<RemoteReport, "name">>;
  readonly #attached = new Set<Duplex>();
  readonly #nonces: string[] = [];
  readonly #secrets = new Map<string, HeldSecret>();
  #spent: readonly BudgetUse[] | undefined;
  #configuration: SidecarsConfiguration | undefined;
  #isAlive = false;
  #sequence = 0;
  /** lines that came in before it was started */
  #early: { readonly line: string; readonly to: Duplex }[] = [];

  constructor(isSilent: () => boolean, remoteReports: ReadonlyMap<string, Omit<RemoteReport, "name">>) {
    this.#isSilent = isSilent;
    this.#remoteReports = remoteReports;
  }

  get policyHash(): string | undefined {
    return this.#configuration?.policyHash;
  }

  get configuration(): SidecarsConfiguration | undefined {
    return this.#configuration;
  }

  boot(): void {
    this.#isAlive = true;
    for (const { line, to } of this.#early.splice(0)) this.#take(line, to);
  }

  die(): void {
    this.#isAlive = false;
    this.#spent = undefined;
    this.#forget();
    for (const stream of this.#attached) stream.end();
    this.#attached.clear();
  }

  noteNonce(nonce: string): void {
    this.#nonces.push(nonce);
    if (this.#nonces.length > 16) this.#nonces.shift();
  }

  /** reports this as spent from now on */
  spend(spent: readonly BudgetUse[]): void {
    this.#spent = spent;
  }

  /** the controller's end of a new attach */
  attach(): Duplex {
    const [inside, outside] = duplexPair();
    this.#attached.add(inside);
    let rest = "";
    inside.setEncoding("utf8");
    inside.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#receive(line, inside);
    });
    inside.on("error", () => this.#attached.delete(inside));
    inside.on("close", () => this.#attached.delete(inside));
    return outside;
  }

  #receive(line: string, to: Duplex): void {
    if (this.#isAlive) this.#take(line, to);
    else this.#early.push({ line, to });
  }

  #take(line: string, to: Duplex): void {
    if (this.#isSilent()) return;
    const request = requestOf(line);
    if (request === undefined) return;
    if (request.kind === "configure") this.#configure(request.configuration);
    if (request.kind === "wipe") this.#forget();
    this.#sequence += 1;
    const answer: ControlAnswer = {
      kind: "report",
      session: request.session,
      id: request.id,
      sequence: this.#sequence,
      report: this.#report(),
    };
    if (to.writable) to.write(`${JSON.stringify(answer)}\n`);
  }

  #configure(configuration: SidecarsConfiguration): void {
    const before = new Map(this.#secrets);
    this.#secrets.clear();
    for (const { name, key, version, value } of configuration.secrets) {
      const held = before.get(`${name}/${key}`);
      const kept = held?.version === version ? held.value : undefined;
      const known = value ?? kept;
      if (known !== undefined) this.#secrets.set(`${name}/${key}`, { version, value: known });
    }
    this.#configuration = configuration;
  }

  #report(): SidecarsReport {
    return {
      policyHash: this.#configuration?.policyHash ?? null,
      secretVersions: Object.fromEntries([...this.#secrets].map(([id, { version }]) => [id, version])),
      probeNonces: [...this.#nonces],
      remotes: (this.#configuration?.git.remotes ?? []).map((remote) => this.#reportOf(remote)),
      asks: [],
      spent: [...(this.#spent ?? this.#configuration?.spent ?? [])],
    };
  }

  #reportOf({ name, secret }: RemotePolicy): RemoteReport {
    const told = this.#remoteReports.get(name);
    if (told !== undefined) return { name, ...told };
    const hasIdentity = secret === undefined || this.#secrets.has(`${secret.name}/${secret.key}`);
    return hasIdentity
      ? { name, state: "ready", message: "", branches: [] }
      : {
          name,
          state: "failed",
          reason: "IdentityUnusable",
          message: "its key or token is not here",
          branches: [],
        };
  }

  #forget(): void {
    this.#configuration = undefined;
    this.#secrets.clear();
    this.#nonces.length = 0;
    this.#early = [];
  }
}

function requestOf(line: string): ControlRequest | undefined {
  try {
    return ControlRequest.parse(JSON.parse(line));
  } catch {
    // half a line of a client that was killed is passed over
    return undefined;
  }
}
