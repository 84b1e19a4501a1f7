import type { Bottle } from "../../../crds/bottle.ts";
import type { SandboxSpec, SandboxState } from "../../contract/sandbox-runtime.ts";
import type { DesiredParts } from "../desired-parts.ts";
import type { Observed } from "../observed.ts";
import type { Parts } from "../parts.ts";

/** What ends by itself soon after its start is started again after this time, not at once. */
const RESTART_PAUSE_MS = 5_000;

export const wasStarted = (sandbox: SandboxState | undefined): boolean => sandbox?.startedAt !== undefined;

export const isYoung = ({ startedAt }: SandboxState, now: Date, ageMs: number): boolean =>
  startedAt !== undefined && now.getTime() - startedAt.getTime() < ageMs;

/** whether it ended so soon after its start that the next one has to wait */
export const isResting = (sandbox: SandboxState, now: Date): boolean =>
  sandbox.phase === "exited" && isYoung(sandbox, now, RESTART_PAUSE_MS);

/** Whether the sidecars have, or will get, every secret that a route needs. */
export function areSecretsUsable({ wanted: { secretsObstacle, policy }, enforcement }: Observed): boolean {
  if (secretsObstacle === undefined) return true;
  if (secretsObstacle.reason !== "SecretValueMissing" || enforcement.kind !== "holds") return false;
  // a restarted controller has no value, but the sidecars still hold theirs
  const { secretVersions } = enforcement.report;
  return policy?.grants.every(({ name, key }) => secretVersions[`${name}/${key}`] !== undefined) === true;
}

/** The agent's spec, with files for the home only while the home is new. */
export function agentSpecFor(
  bottle: Bottle,
  parts: Parts,
  { sandboxes: { agent } }: DesiredParts,
): SandboxSpec {
  const isHomeNew = bottle.status?.homeProvisionedTime === undefined || parts.volumes.home === undefined;
  if (isHomeNew && !wasStarted(parts.sandboxes.agent)) return agent;
  const { homeFiles: _homeFiles, ...spec } = agent;
  return spec;
}
