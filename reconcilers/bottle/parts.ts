import type { RuntimeInventory, SandboxRole, SandboxState, VolumeRole } from "../contract/sandbox-runtime.ts";

/** What there is of one bottle; absent is undefined. */
export interface Parts {
  readonly sandboxes: Readonly<Partial<Record<SandboxRole, SandboxState>>>;
  readonly volumes: Readonly<Partial<Record<VolumeRole, { readonly name: string }>>>;
}

export const partsOf = ({ sandboxes, volumes }: RuntimeInventory): Parts => ({
  sandboxes: Object.fromEntries(sandboxes.map((sandbox) => [sandbox.role, sandbox])),
  volumes: Object.fromEntries(volumes.map((volume) => [volume.role, volume])),
});

/** whether its processes exist: running, or frozen */
export const isAlive = (sandbox: SandboxState | undefined): sandbox is SandboxState =>
  sandbox?.phase === "running" || sandbox?.phase === "paused";

/**
 * Whether a live agent sits in a namespace that its airlock does not hold any
 * more: there it could bind the ports of the link itself and answer the probe.
 */
export function isInDeadNamespace({ sandboxes: { airlock, agent } }: Parts): boolean {
  if (!isAlive(agent)) return false;
  if (!isAlive(airlock) || agent.joinedId !== airlock.id) return true;
  return startOf(airlock) > startOf(agent);
}

const startOf = ({ startedAt }: SandboxState): number => startedAt?.getTime() ?? 0;

/** the same start of the same sandbox */
export const runOf = ({ id, startedAt }: SandboxState): string => `${id}@${startedAt?.getTime() ?? 0}`;
