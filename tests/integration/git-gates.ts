import type { GateEvent } from "../../sidecars/git-gate/contract.ts";
import { GitGate, type GateOptions } from "../../sidecars/git-gate/git-gate.ts";
import type { RemoteDeclaration } from "../../sidecars/git-gate/upstream/remote-declaration.ts";
import { systemClock } from "../../sidecars/shared/clock.ts";

/** A gate with what it serves from its start. */
export type DeclaredGate = Omit<GateOptions, "clock" | "onEvent"> & {
  readonly remotes: readonly RemoteDeclaration[];
  readonly onEvent?: (event: GateEvent) => void;
};

/** Starts a gate, and waits until each remote is open or is known not to open. */
export async function startGate({ remotes, ...options }: DeclaredGate, socket: string): Promise<GitGate> {
  const gate = await GitGate.start({ onEvent: () => undefined, ...options, clock: systemClock }, socket);
  const served = await gate.configure(remotes);
  await Promise.allSettled(served.map((remote) => remote.use(() => Promise.resolve())));
  return gate;
}
