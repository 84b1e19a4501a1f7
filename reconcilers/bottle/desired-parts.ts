import type { Bottle } from "../../crds/bottle.ts";
import type { Resources } from "../../crds/class-fields.ts";
import type {
  Owner,
  ProvisionedFile,
  SandboxRole,
  SandboxSpec,
  VolumeRole,
  VolumeSpec,
} from "../contract/sandbox-runtime.ts";
import { HOME_PATH } from "../shared/agent-paths.ts";
import { hashOf, sandboxName, volumeName } from "../shared/naming.ts";

/** Where the sockets of the link are, in airlock and sidecars. */
const SOCKETS_PATH = "/run/bb";
/** Where git-gate keeps its mirrors; the image's folder there gives a new volume its owner. */
const MIRRORS_PATH = "/var/lib/git-gate";

const MIB = 1024 * 1024;
const AIRLOCK_RESOURCES = { cpus: 1, memoryBytes: 64 * MIB, pids: 64 };
// a body is held whole while it is scanned, and several are under way at once
const SIDECARS_RESOURCES = { cpus: 2, memoryBytes: 1024 * MIB, pids: 512 };

/** Everything of a bottle that a runtime keeps. */
export interface DesiredParts {
  readonly volumes: Readonly<Record<VolumeRole, VolumeSpec>>;
  readonly sandboxes: Readonly<Record<SandboxRole, SandboxSpec>>;
}

export interface AgentMaterial {
  readonly environment: Readonly<Record<string, string>>;
  readonly files: readonly ProvisionedFile[];
  readonly homeFiles: readonly ProvisionedFile[];
  readonly resources: Resources;
  readonly runtimeClassName: string | undefined;
}

export const ownerOf = ({ metadata: { uid, namespace, name } }: Bottle): Owner => ({
  uid,
  namespace: namespace ?? "default",
  name,
});

/** The volumes and the three sandboxes of a bottle. */
export function desiredParts(
  owner: Owner,
  images: Readonly<Record<SandboxRole, string>>,
  agent: AgentMaterial,
): DesiredParts {
  const volume = (role: VolumeRole): VolumeSpec => ({ name: volumeName(owner.uid, role), owner, role });
  const mount = (role: VolumeRole, path: string, readOnly = false) => ({
    volume: volume(role).name,
    path,
    readOnly,
  });
  const part = (role: SandboxRole) => ({
    name: sandboxName(owner.uid, role),
    owner,
    role,
    image: images[role],
    environment: {},
    files: [],
  });
  return {
    volumes: { home: volume("home"), sockets: volume("sockets"), mirrors: volume("mirrors") },
    sandboxes: {
      airlock: hashed({
        ...part("airlock"),
        mounts: [mount("sockets", SOCKETS_PATH, true)],
        resources: AIRLOCK_RESOURCES,
      }),
      sidecars: hashed({
        ...part("sidecars"),
        // the mirrors without a remote too: one that is added later needs no new sidecars
        mounts: [mount("sockets", SOCKETS_PATH), mount("mirrors", MIRRORS_PATH)],
        resources: SIDECARS_RESOURCES,
      }),
      agent: agentSpec({ ...part("agent"), mounts: [mount("home", HOME_PATH)] }, agent),
    },
  };
}

function agentSpec(
  part: Omit<SandboxSpec, "specHash" | "resources">,
  { environment, files, homeFiles, resources, runtimeClassName }: AgentMaterial,
): SandboxSpec {
  const spec = hashed({
    ...part,
    command: ["sleep", "infinity"],
    environment,
    joins: sandboxName(part.owner.uid, "airlock"),
    resources: agentResources(resources),
    runtimeClassName,
    files,
  });
  return { ...spec, homeFiles };
}

const hashed = (spec: Omit<SandboxSpec, "specHash" | "homeFiles">): SandboxSpec => ({
  ...spec,
  specHash: hashOf(spec),
});

const agentResources = ({ cpus = 2, memoryBytes = 4096 * MIB, pids = 1024 }: Resources) => ({
  cpus,
  memoryBytes,
  pids,
});
