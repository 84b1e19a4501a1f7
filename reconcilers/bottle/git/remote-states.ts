import type { Reason } from "../../../crds/reasons.ts";
import { safeLine } from "../../../crds/text.ts";
import type { RemoteReport } from "../../../sidecars/wire/git-policy.ts";
import type { Observed } from "../observed.ts";

/** Whether the agent can use a remote, as far as this pass can tell. */
export type RemoteState =
  | { readonly name: string; readonly state: "ready" }
  | {
      readonly name: string;
      readonly state: "checking" | "failed";
      readonly reason: Reason;
      readonly message: string;
    };

/** Of every remote that is declared; undefined while nobody can say. */
export function remoteStates({ wanted, enforcement }: Observed): RemoteState[] | undefined {
  if (wanted.policy === undefined || enforcement.kind !== "holds") return undefined;
  const reports = new Map(enforcement.report.remotes.map((report) => [report.name, report]));
  return wanted.policy.remotes.map(({ name }): RemoteState => {
    const report = reports.get(name);
    // what works works, also while the forge does not answer a controller that was restarted
    if (report?.state === "ready") return { name, state: "ready" };
    const key = wanted.deployKeys.states.get(name);
    switch (key?.kind) {
      case "failed":
        return { name, state: "failed", reason: "DeployKeyFailed", message: safeLine(key.message) };
      case "making":
        return { name, state: "checking", reason: "Checking", message: "its deploy key is being made" };
      default:
        return stateOf(name, report);
    }
  });
}

function stateOf(name: string, report: RemoteReport | undefined): RemoteState {
  const message = safeLine(report?.message ?? "the gate has not said anything of it yet");
  if (report?.state !== "failed") return { name, state: "checking", reason: "Checking", message };
  return { name, state: "failed", reason: report.reason ?? "GateNotRunning", message };
}
