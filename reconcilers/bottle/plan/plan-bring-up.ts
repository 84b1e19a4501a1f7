import { type SandboxSpec, type SandboxState, VOLUME_ROLES } from "../../contract/sandbox-runtime.ts";
import type { DesiredParts } from "../desired-parts.ts";
import type { Observed } from "../observed.ts";
import { agentSpecFor, areSecretsUsable, isResting, isYoung, wasStarted } from "./readiness.ts";
import type { RunRequest } from "./plan.ts";
import { inOrder, stepsOf, together, type Work } from "./steps.ts";

/** Sidecars that say nothing are started again only after this time: on a busy machine they boot slowly. */
const BOOT_MS = 30_000;
/** A link that does not answer is made again only after this time. */
const LINK_MS = 15_000;

/**
 * Makes and starts what is missing around the agent, as much at a time as can
 * be: the sidecars boot while the airlock starts and the agent is made, which
 * needs the airlock only to be there. The agent itself is not started here.
 */
export function planBringUp(request: RunRequest, observed: Observed, wanted: DesiredParts): Work | undefined {
  const { sandboxes, volumes } = observed.parts;
  if (!wasStarted(sandboxes.agent) && !areSecretsUsable(observed)) return undefined;
  const { airlock, sidecars } = wanted.sandboxes;
  const airlockWork = planAirlock(request, observed, airlock);
  const sidecarsWork = planSidecars(request, observed, sidecars);
  const probe = planProbe(airlock, observed, [airlockWork, sidecarsWork]);
  const work = inOrder(
    together(
      ...VOLUME_ROLES.filter((role) => volumes[role] === undefined).map((role): Work => ({
        kind: "createVolume",
        spec: wanted.volumes[role],
      })),
    ),
    together(
      inOrder(
        sandboxes.sidecars === undefined ? { kind: "create", spec: sidecars } : undefined,
        sidecarsWork,
      ),
      inOrder(
        sandboxes.airlock === undefined ? { kind: "create", spec: airlock } : undefined,
        together(inOrder(airlockWork, probe), planNewAgent(request, observed, wanted)),
      ),
    ),
  );
  return stepsOf(work).length === 0 ? undefined : work;
}

function planAirlock(
  { now }: RunRequest,
  { parts, enforcement }: Observed,
  spec: SandboxSpec,
): Work | undefined {
  const { airlock, agent } = parts.sandboxes;
  const isBroken = enforcement.kind === "fails" && enforcement.reason === "ProbeFailed";
  const nobodyInside = agent?.phase !== "running" && agent?.phase !== "paused";
  if (airlock?.phase === "running" && isBroken && nobodyInside && !isYoung(airlock, now, LINK_MS)) {
    return { kind: "stop", name: airlock.name, graceMs: 0 };
  }
  return running(airlock, spec, now);
}

function planSidecars(
  { now }: RunRequest,
  { parts: { sandboxes }, enforcement, wanted: { policy } }: Observed,
  spec: SandboxSpec,
): Work | undefined {
  const { sidecars, agent } = sandboxes;
  const areSilent = enforcement.kind === "fails" && enforcement.reason === "SidecarsSilent";
  if (
    sidecars?.phase === "running" &&
    areSilent &&
    agent?.phase !== "running" &&
    !isYoung(sidecars, now, BOOT_MS)
  ) {
    return { kind: "stop", name: sidecars.name, graceMs: 0 };
  }
  const start = running(sidecars, spec, now);
  if (start === undefined || policy === undefined) return start;
  return inOrder(start, { kind: "configure", sidecars: spec, policy });
}

/** beside a start of one end, when this pass may leave both ends running */
function planProbe(
  airlock: SandboxSpec,
  { wanted: { policy } }: Observed,
  work: readonly (Work | undefined)[],
): Work | undefined {
  const kinds = work.flatMap((each) => (each === undefined ? [] : stepsOf(each))).map(({ kind }) => kind);
  const isWorthIt = policy !== undefined && kinds.includes("start") && !kinds.includes("stop");
  return isWorthIt ? { kind: "probe", spec: airlock } : undefined;
}

function planNewAgent(request: RunRequest, { parts }: Observed, wanted: DesiredParts): Work | undefined {
  const { agent } = parts.sandboxes;
  const spec = agentSpecFor(request.bottle, parts, wanted);
  const isNew = agent === undefined || (!wasStarted(agent) && spec.homeFiles !== undefined);
  return isNew ? { kind: "create", spec } : undefined;
}

/** Work after which a sandbox that exists, or was just created, runs. */
function running(sandbox: SandboxState | undefined, spec: SandboxSpec, now: Date): Work | undefined {
  if (sandbox === undefined) return { kind: "start", name: spec.name };
  switch (sandbox.phase) {
    case "running":
      return undefined;
    case "paused":
      return { kind: "unpause", name: spec.name };
    case "created":
    case "exited":
      // create verifies what is there before it runs
      return isResting(sandbox, now)
        ? undefined
        : inOrder({ kind: "create", spec }, { kind: "start", name: spec.name });
    default:
      return sandbox.phase satisfies never;
  }
}
