import { randomBytes } from "node:crypto";
import type { Reason } from "../../crds/reasons.ts";
import type { SidecarsReport } from "../../sidecars/wire/control.ts";
import { SandboxConflictError, SandboxNotFoundError } from "../contract/errors.ts";
import type { Pass } from "../contract/reconciler.ts";
import type { LinkProbe, LinkReport, SandboxSpec, SandboxState } from "../contract/sandbox-runtime.ts";
import { isInForce, type PolicyDelivery } from "./policy-delivery.ts";
import type { DesiredPolicy } from "./desired-policy.ts";
import { type Parts, runOf } from "./parts.ts";
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

/** A probe is repeated after this time even when nothing moved. */
const PROBE_AGAIN_MS = 60_000;

/**
 * Finds out whether the policy is in force: pushes it where it is not, asks
 * for the report, and sends a nonce through the link from the agent's side.
 */
export class EnforcementCheck {
  readonly #delivery: PolicyDelivery;
  readonly #probe: LinkProbe;
  /** by link, that is by the runs of airlock and sidecars: when its probe last held */
  readonly #held = new Map<string, { readonly link: string; readonly at: Date }>();

  constructor(delivery: PolicyDelivery, probe: LinkProbe) {
    this.#delivery = delivery;
    this.#probe = probe;
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
    return this.#probeLink(airlock, sidecars, report, pass);
  }

  forget(ownerUid: string): void {
    this.#held.delete(ownerUid);
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

  async #probeLink(
    airlock: SandboxState,
    sidecars: SandboxState,
    report: SidecarsReport,
    pass: Pass,
  ): Promise<Enforcement> {
    const { uid } = airlock.owner;
    const link = `${runOf(airlock)} ${runOf(sidecars)}`;
    const held = this.#held.get(uid);
    const age = held?.link === link ? pass.now.getTime() - held.at.getTime() : Infinity;
    if (age < PROBE_AGAIN_MS) return { kind: "holds", report };
    this.#held.delete(uid);
    const failure = await this.#findFault(airlock, sidecars, pass);
    if (failure !== undefined) return failure;
    this.#held.set(uid, { link, at: pass.now });
    return { kind: "holds", report };
  }

  async #findFault(
    airlock: SandboxState,
    sidecars: SandboxState,
    pass: Pass,
  ): Promise<Enforcement | undefined> {
    const nonce = randomBytes(16).toString("hex");
    try {
      const seen = await this.#probe.probeLink(airlock.name, nonce, pass.signal);
      const { probeNonces } = await this.#delivery.report(sidecars.name, pass.signal);
      const fault = faultOf(seen, probeNonces.includes(nonce));
      return fault === undefined ? undefined : fails("ProbeFailed", fault);
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

function faultOf(
  { foreignInterfaces, foreignListeners, answered }: LinkReport,
  arrived: boolean,
): string | undefined {
  if (foreignInterfaces.length > 0)
    return `the agent's network has the interface ${foreignInterfaces.join(", ")}`;
  if (foreignListeners.length > 0)
    return `somebody else listens on port ${foreignListeners.join(", ")} of the link`;
  if (!arrived && answered) return "the probe was answered, but not by the sidecars";
  return arrived ? undefined : "the probe did not reach the sidecars";
}
