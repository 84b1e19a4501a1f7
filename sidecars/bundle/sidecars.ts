import type { KeptAuditLog } from "../egress/audit-log.ts";
import type { EgressProxy } from "../egress/egress-proxy.ts";
import { createEnforcement } from "../egress/enforcement.ts";
import type { SidecarsReport } from "../wire/control.ts";
import type { Controlled } from "./control.ts";
import type { GateClient } from "./git-gate/gate-client.ts";
import { Recent } from "./recent.ts";

/** more than an agent can send while the controller's own is on its way: it must not push that one out */
const MAX_NONCES = 1_024;

/** What the control channel commands: the policies of proxy and git-gate, and what there is to report of them. */
export class Sidecars implements Controlled {
  readonly #proxy: () => EgressProxy;
  readonly #gate: GateClient;
  readonly #audit: KeptAuditLog;
  readonly #nonces = new Recent<string>(MAX_NONCES);

  constructor(parts: {
    readonly proxy: () => EgressProxy;
    readonly gate: GateClient;
    readonly audit: KeptAuditLog;
  }) {
    this.#proxy = parts.proxy;
    this.#gate = parts.gate;
    this.#audit = parts.audit;
  }

  configure(configuration: Parameters<Controlled["configure"]>[0]): void {
    const proxy = this.#proxy();
    const enforcement = createEnforcement(configuration, proxy.enforcement);
    this.#audit.setKept(configuration.unrecorded === undefined);
    proxy.budgets.restore(configuration.spent ?? []);
    proxy.enforce(enforcement);
    this.#gate.configure(configuration.git, enforcement.secrets, configuration.canaries);
    const because = `${configuration.egress.routes.length} routes, policy ${configuration.policyHash}`;
    this.#audit.write({ gate: "bundle", verdict: "info", code: "PolicyInForce", because });
  }

  report(): SidecarsReport {
    const enforcement = this.#proxy().enforcement;
    const versions = [...(enforcement?.secrets ?? [])].map(([id, { version }]) => [id, version]);
    return {
      policyHash: enforcement?.policyHash ?? null,
      secretVersions: Object.fromEntries(versions),
      probeNonces: [...this.#nonces.items],
      remotes: this.#gate.reports,
      asks: this.#proxy().asks.pending,
      spent: this.#proxy().budgets.use,
    };
  }

  answer(ask: string, verdict: "allow" | "deny"): void {
    this.#proxy().asks.answer(ask, verdict);
  }

  wipe(): void {
    this.#proxy().enforce(undefined);
    this.#proxy().budgets.clear();
    this.#gate.stop();
    this.#nonces.clear();
    this.#audit.write({ gate: "bundle", verdict: "info", code: "Wiped", because: "everything is denied" });
  }

  /** Notes a probe that came through the link. */
  noteProbe(nonce: string): void {
    this.#nonces.add(nonce);
  }
}
