import { randomUUID } from "node:crypto";
import type { Bottle, BottleSpec, BottleStatus } from "../crds/bottle.ts";
import type { ClassFields } from "../crds/class-fields.ts";
import type {
  Owner,
  SandboxRole,
  SandboxSpec,
  VolumeRole,
  VolumeSpec,
} from "../reconcilers/contract/sandbox-runtime.ts";
import { hashOf, sandboxName, volumeName } from "../reconcilers/shared/naming.ts";

/** An owner that nothing else on the machine has. */
export const anOwner = (fields: Partial<Owner> = {}): Owner => ({
  uid: randomUUID(),
  namespace: "default",
  name: "b1",
  ...fields,
});

export const aVolumeSpec = (owner: Owner, role: VolumeRole): VolumeSpec => ({
  name: volumeName(owner.uid, role),
  owner,
  role,
});

/** A spec that every runtime can create; `specHash` follows from the rest unless it is given. */
export function aSandboxSpec(
  owner: Owner,
  role: SandboxRole,
  fields: Partial<SandboxSpec> = {},
): SandboxSpec {
  const spec = {
    name: sandboxName(owner.uid, role),
    owner,
    role,
    image: `image-${role}`,
    environment: {},
    mounts: [],
    resources: { cpus: 1, memoryBytes: 256 * 1024 * 1024, pids: 128 },
    files: [],
    ...fields,
  };
  const { homeFiles: _homeFiles, ...hashed } = spec;
  return { specHash: hashOf(hashed), ...spec };
}

/** A Bottle as the API server returns it; `spec` has a bare image unless it says otherwise. */
export const aBottle = ({ spec, status, ...metadata }: BottleFields = {}): Bottle => ({
  apiVersion: "bot-bottle.dev/v1alpha1",
  kind: "Bottle",
  metadata: {
    namespace: "default",
    name: "b1",
    uid: "uid-1",
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...metadata,
  },
  spec: { provider: { name: "none", image: "agent" }, ...spec },
  ...(status === undefined ? {} : { status }),
});

type BottleFields = Partial<Bottle["metadata"]> & {
  readonly spec?: BottleSpec;
  readonly status?: BottleStatus;
};

/** `egress` with one route for each host. */
export const hosts = (...names: readonly string[]): Pick<ClassFields, "egress"> => ({
  egress: { routes: names.map((host) => ({ host })) },
});
