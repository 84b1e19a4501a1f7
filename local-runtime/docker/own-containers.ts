import type { ContainerInspectInfo } from "dockerode";
import type { SandboxPhase, SandboxState } from "../../reconcilers/contract/sandbox-runtime.ts";
import { LABELS } from "../../reconcilers/shared/naming.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { unlessStatus } from "./engine-errors.ts";
import type { Labels } from "./labels.ts";
import { labelFilter, MAKE_LABEL, ownerOf, sandboxRoleOf } from "./labels.ts";
import { makeOf } from "./make.ts";

/** A container of this instance as the engine has it, and what it is to the product. */
export interface OwnContainer {
  readonly inspected: ContainerInspectInfo;
  readonly labels: Labels;
  readonly state: SandboxState;
}

/** The container of this name when this instance made it; undefined when there is none or it is somebody else's. */
export async function findOwn(
  connection: EngineConnection,
  instance: string,
  nameOrId: string,
  signal: AbortSignal,
): Promise<OwnContainer | undefined> {
  const inspected = await connection.call(signal, (docker, options) =>
    unlessStatus([404], docker.getContainer(nameOrId).inspect(options)),
  );
  return inspected === undefined ? undefined : ownContainer(inspected, instance);
}

/** All containers of this instance, or those of one owner. */
export async function listOwn(
  connection: EngineConnection,
  instance: string,
  ownerUid: string | undefined,
  signal: AbortSignal,
): Promise<readonly OwnContainer[]> {
  const listed = await connection.call(signal, (docker, options) =>
    docker.listContainers({ all: true, filters: labelFilter(instance, ownerUid), ...options }),
  );
  // The list lacks start times and what a container may do, so each is looked at; one may be gone by then.
  const found = await Promise.all(listed.map(({ Id }) => findOwn(connection, instance, Id, signal)));
  return found.filter((container) => container !== undefined);
}

/**
 * What an inspected container is to this instance; undefined when this instance did not make it.
 *
 * Labels alone are no proof (an image hands its own to every container): the container must also be what its label
 * says that it was made as.
 */
function ownContainer(inspected: ContainerInspectInfo, instance: string): OwnContainer | undefined {
  const labels: Labels = inspected.Config.Labels;
  const [owner, role] = [ownerOf(labels), sandboxRoleOf(labels)];
  const isOurs = labels[LABELS.instance] === instance && labels[MAKE_LABEL] === makeOf(inspected);
  if (!isOurs || owner === undefined || role === undefined) return undefined;
  const phase = phaseOf(inspected.State.Status);
  const state: SandboxState = {
    name: inspected.Name.slice(1),
    owner,
    role,
    specHash: labels[LABELS.specHash] ?? "",
    id: inspected.Id,
    phase,
    startedAt: startOf(inspected),
    exitCode: phase === "exited" ? inspected.State.ExitCode : undefined,
    joinedId: joinedIdOf(inspected),
  };
  return { inspected, labels, state };
}

function phaseOf(status: string): SandboxPhase {
  return status === "created" || status === "running" || status === "paused" ? status : "exited";
}

/** The engine's word for never is the year 1. */
function startOf({ State }: ContainerInspectInfo): Date | undefined {
  const startedAt = new Date(State.StartedAt);
  return startedAt.getTime() > 0 ? startedAt : undefined;
}

function joinedIdOf({ HostConfig }: ContainerInspectInfo): string | undefined {
  const [kind, id] = HostConfig.NetworkMode?.split(":") ?? [];
  return kind === "container" ? id : undefined;
}
