import type { DeployKeyStatus } from "../../../crds/git-status.ts";
import { conditionsAtEnd } from "./conditions.ts";
import type { Parts } from "../parts.ts";
import { MOVED, type Plan } from "./plan.ts";
import { endAgent, removal } from "./plan-outdated.ts";
import type { Purpose } from "./purpose.ts";
import { inOrder, stepsOf, together, type Work } from "./steps.ts";

/** Takes the sandboxes away and keeps the home. Pure. */
export function planSuspension(
  parts: Parts,
  { reason, untilMs }: Extract<Purpose, { kind: "suspend" }>,
): Plan {
  const { agent } = parts.sandboxes;
  const { sockets } = parts.volumes;
  const work = inOrder(
    together(agent === undefined ? undefined : endAgent(agent), wipe(parts)),
    removeSidecarsAndAirlock(parts),
    sockets === undefined ? undefined : { kind: "removeVolume", name: sockets.name },
  );
  const isDone = stepsOf(work).length === 0;
  return {
    work,
    conditions: conditionsAtEnd(reason, isDone),
    end: isDone ? { kind: "steady", afterMs: untilMs } : MOVED,
  };
}

/** The time of the Bottle is over; its deletion takes the rest away. */
export const EXPIRY: Plan = {
  work: { kind: "deleteBottle" },
  conditions: conditionsAtEnd("ShutdownTimeReached", true),
  end: MOVED,
};

/** Takes everything away, the finalizer last: a failure on the way keeps it, and the next pass goes on. Pure. */
export function planDeletion(
  { sandboxes, volumes }: Parts,
  deployKeys: readonly DeployKeyStatus[] = [],
): Plan {
  const { agent } = sandboxes;
  return {
    work: inOrder(
      together(agent === undefined ? undefined : removal(agent), wipe({ sandboxes, volumes })),
      removeSidecarsAndAirlock({ sandboxes, volumes }),
      together(...Object.values(volumes).map(({ name }): Work => ({ kind: "removeVolume", name }))),
      together(...deployKeys.map((note): Work => ({ kind: "removeDeployKey", note, mayFail: false }))),
      { kind: "removeAuthority" },
      { kind: "removeFinalizer" },
    ),
    conditions: conditionsAtEnd("Terminating", false),
    end: { kind: "steady", afterMs: undefined },
  };
}

/** Secrets are gone, by the sidecars' own word, before anything is said to be. */
function wipe({ sandboxes: { sidecars } }: Parts): Work | undefined {
  return sidecars?.phase === "running" ? { kind: "wipe", name: sidecars.name } : undefined;
}

function removeSidecarsAndAirlock({ sandboxes: { sidecars, airlock } }: Parts): Work {
  return together(...[sidecars, airlock].filter((sandbox) => sandbox !== undefined).map(removal));
}
