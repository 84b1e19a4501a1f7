import type { Reason } from "../../crds/reasons.ts";
import type { SidecarsReport } from "../../sidecars/wire/control.ts";
import { SandboxConflictError, SandboxNotFoundError } from "../contract/errors.ts";
import type { Pass } from "../contract/reconciler.ts";
import type { SandboxSpec, SandboxState } from "../contract/sandbox-runtime.ts";
import { isInForce, type PolicyDelivery } from "./policy-delivery.ts";
import type { DesiredPolicy } from "./desired-policy.ts";
import type { Link, LinkCheck } from "./link-check.ts";
import type { Parts } from "./parts.ts";
import { SidecarsRefusedError, SidecarsSilentError } from "./sidecar-session.ts";

/** Whether the agent is held to the wanted policy, as it was shown in this pass. */
export type Enforcement =
  | { readonly kind: "holds"; readonly report: SidecarsReport }
  | {
      readonly kind: "fails";
      /** Unknown: nobody answered */
      readonly status: "False" | "Unknown";
      readonly reason: Reason;
      readonly message: string;
    };

const fails = (reason: Reason, message: string, status: "False" | "Unknown" = "False"): Enforcement => ({
  kind: "fails",
  status,
  reason,
  message,
});

/**
 * Finds out whether the policy is in force: pushes it where it is not, asks
 * for the report, and sends a nonce through the link from the agent's side.
 */
export class EnforcementCheck {
  readonly #delivery: PolicyDelivery;
  readonly #link: LinkCheck;

  constructor(delivery: PolicyDelivery, link: LinkCheck) {
    this.#delivery = delivery;
    this.#link = link;
  }

  async observe(
    parts: Parts,
    policy: DesiredPolicy,
    wanted: SandboxSpec | undefined,
    pass: Pass,
  ): Promise<Enforcement> {
    const { sidecars, airlock } = parts.sandboxes;
    if (sidecars?.phase !== "running") return fails("SidecarsNotRunning", "the sidecars are not running");
    if (wanted !== undefined && sidecars.specHash !== wanted.specHash) {
      return fails("SidecarsOutdated", "the sidecars are being replaced");
    }
    const report = await this.#bringInForce(sidecars, policy, wanted, pass);
    if ("kind" in report) return report;
    if (!isInForce(report, policy)) return fails("PolicyOutdated", "the sidecars report another policy");
    if (airlock?.phase !== "running") return fails("LinkDown", "the airlock is not running");
    return this.#checkLink({ airlock, sidecars }, report, pass);
  }

  async #bringInForce(
    sidecars: SandboxState,
    policy: DesiredPolicy,
    wanted: SandboxSpec | undefined,
    pass: Pass,
  ): Promise<SidecarsReport | Enforcement> {
    try {
      return await this.#delivery.ensure({ sidecars, spec: wanted, policy }, pass.signal);
    } catch (error) {
      if (error instanceof SandboxConflictError) return fails("SandboxNameTaken", error.message);
      if (error instanceof SidecarsRefusedError) return fails("PolicyRefused", error.message);
      return silenceOf(error, "SidecarsNotRunning");
    }
  }

  async #checkLink(link: Link, report: SidecarsReport, pass: Pass): Promise<Enforcement> {
    const ask = (): Promise<SidecarsReport> => this.#delivery.report(link.sidecars.name, pass.signal);
    try {
      const fault = await this.#link.findFault(link, report, ask, pass);
      return fault === undefined ? { kind: "holds", report } : fails("ProbeFailed", fault);
    } catch (error) {
      return silenceOf(error, "LinkDown");
    }
  }
}

/** what it means that a look ended in this error; throws what is not expected */
function silenceOf(error: unknown, whenGone: Reason): Enforcement {
  if (error instanceof SidecarsSilentError) return fails("SidecarsSilent", error.message, "Unknown");
  if (error instanceof SandboxNotFoundError) return fails(whenGone, error.message);
  throw error;
}
