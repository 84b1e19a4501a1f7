import type { ContainerCreateOptions, ContainerInspectInfo, HostConfig } from "dockerode";
import { hashOf } from "../../reconcilers/shared/naming.ts";

/** What of a container's configuration decides who can do what to whom. */
const GUARDED = [
  "Binds",
  "CapAdd",
  "CapDrop",
  "CgroupParent",
  "DeviceCgroupRules",
  "DeviceRequests",
  "Devices",
  "ExtraHosts",
  "GroupAdd",
  "IpcMode",
  "Mounts",
  "PidMode",
  "PortBindings",
  "Privileged",
  "PublishAllPorts",
  "ReadonlyRootfs",
  "SecurityOpt",
  "Sysctls",
  "Tmpfs",
  "UTSMode",
  "UsernsMode",
  "VolumesFrom",
] as const satisfies readonly (keyof HostConfig | "UsernsMode")[];

/**
 * Hash of what a container is: image, user, mounts, kind of network, capabilities and the rest of its walls.
 *
 * It is the same for the options that a container is created from and for what the engine says of it later. Labels
 * are inherited from images, so they prove nothing; this hash is put in a label too, and since it covers the image's
 * id, no image can carry it.
 */
export function makeOf(container: ContainerCreateOptions | ContainerInspectInfo): string {
  const { User, OpenStdin, Tty } = "Config" in container ? container.Config : container;
  const host = (container.HostConfig ?? {}) as Readonly<Record<string, unknown>>;
  const guarded = Object.fromEntries(GUARDED.map((key) => [key, meaningOf(host[key])]));
  const [network] = String(host.NetworkMode).split(":");
  return hashOf({ image: container.Image, User, OpenStdin, Tty, network, ...guarded });
}

/** The engine writes "nothing" as null, "", false, [] or {}: all of them count as absent. */
function meaningOf(value: unknown): unknown {
  if (value === null || value === undefined || value === "" || value === false) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(meaningOf);
  if (typeof value !== "object") return value;
  const fields = Object.entries(value)
    .map(([key, field]) => [key, meaningOf(field)] as const)
    .filter(([, field]) => field !== undefined);
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}
