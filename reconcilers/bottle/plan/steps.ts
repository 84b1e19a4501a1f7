import type { DeployKeyStatus } from "../../../crds/git-status.ts";
import type { ProvisionedFile, SandboxSpec, VolumeSpec } from "../../contract/sandbox-runtime.ts";
import type { DesiredPolicy } from "../desired-policy.ts";

/** One thing to do. Data, so that a plan can be read, compared and shown. */
export type Step =
  | { readonly kind: "createVolume"; readonly spec: VolumeSpec }
  | { readonly kind: "removeVolume"; readonly name: string }
  | { readonly kind: "create"; readonly spec: SandboxSpec }
  | { readonly kind: "start"; readonly name: string }
  | { readonly kind: "stop"; readonly name: string; readonly graceMs: number }
  | { readonly kind: "pause"; readonly name: string }
  | { readonly kind: "unpause"; readonly name: string }
  | { readonly kind: "remove"; readonly name: string }
  /** tells sidecars that were just started what to enforce */
  | { readonly kind: "configure"; readonly sidecars: SandboxSpec; readonly policy: DesiredPolicy }
  /** sends the nonce while sidecars boot, so that the next pass need only ask whether it arrived */
  | { readonly kind: "probe"; readonly spec: SandboxSpec }
  /** makes sidecars forget their secrets; they are removed next, so that silence is no obstacle */
  | { readonly kind: "wipe"; readonly name: string }
  /** writes files into a home that lives, as the agent's user: what links there lead to, the agent could write itself */
  | { readonly kind: "refreshHome"; readonly name: string; readonly files: readonly ProvisionedFile[] }
  | {
      readonly kind: "removeDeployKey";
      readonly note: DeployKeyStatus;
      /** whether the work goes on when it cannot be removed: the next pass sees that, and says so */
      readonly mayFail: boolean;
    }
  | { readonly kind: "removeAuthority" }
  | { readonly kind: "removeFinalizer" }
  | { readonly kind: "deleteBottle" };

/** Steps with their order: one after the other, or at the same time. */
export type Work = Step | { readonly inOrder: readonly Work[] } | { readonly together: readonly Work[] };

export const inOrder = (...work: readonly (Work | undefined)[]): Work => ({ inOrder: work.filter(isThere) });
export const together = (...work: readonly (Work | undefined)[]): Work => ({
  together: work.filter(isThere),
});

/** All steps, in an order in which they may be done. */
export function stepsOf(work: Work): Step[] {
  if ("inOrder" in work) return work.inOrder.flatMap(stepsOf);
  return "together" in work ? work.together.flatMap(stepsOf) : [work];
}

const isThere = (work: Work | undefined): work is Work => work !== undefined;
