import { desiredParts, type DesiredParts } from "../reconcilers/bottle/desired-parts.ts";
import { desiredPolicy } from "../reconcilers/bottle/desired-policy.ts";
import type { Enforcement } from "../reconcilers/bottle/enforcement.ts";
import { found } from "../reconcilers/bottle/obstacle.ts";
import type { Observed, Wanted } from "../reconcilers/bottle/observed.ts";
import type { Parts } from "../reconcilers/bottle/parts.ts";
import { compileEgress } from "../sidecars/wire/compile-egress.ts";
import type { SandboxPhase, SandboxRole, SandboxState } from "../reconcilers/contract/sandbox-runtime.ts";

/** The moment at which the tests of plans take place. */
export const NOW = new Date("2026-01-01T01:00:00Z");

const OWNER = { uid: "uid-1", namespace: "default", name: "b1" };
const IMAGES = { airlock: "airlock", sidecars: "sidecars", agent: "agent" };

/** What is wanted in all tests of plans. */
export const WANTED_PARTS: DesiredParts = desiredParts(OWNER, IMAGES, {
  environment: {},
  files: [],
  homeFiles: [{ path: "/home/node/.x", content: "", mode: 0o600, owner: { uid: 1000, gid: 1000 } }],
  resources: {},
  runtimeClassName: undefined,
});

export const WANTED: Wanted = {
  policy: desiredPolicy({ egress: compileEgress({}), remotes: [] }, [], {
    ...{ caFingerprint: "ca", spent: [], unrecorded: undefined },
  }),
  parts: found(WANTED_PARTS),
  secretsObstacle: undefined,
  deployKeys: { states: new Map(), notes: [], leftovers: [] },
  keptFiles: { files: [], hash: "kept" },
  provider: "none",
  agentImage: "agent",
  caFingerprint: "ca",
};

const HOLDS: Enforcement = {
  kind: "holds",
  report: {
    policyHash: WANTED.policy?.policyHash ?? null,
    secretVersions: {},
    probeNonces: [],
    remotes: [],
    asks: [],
    spent: [],
  },
};

export const failing = (reason: Extract<Enforcement, { kind: "fails" }>["reason"]): Enforcement => ({
  kind: "fails",
  status: reason === "SidecarsSilent" ? "Unknown" : "False",
  reason,
  message: `because of ${reason}`,
});

/** A part in a phase, started ten minutes ago, the agent a second after the airlock that it joined. */
export function aPart(
  role: SandboxRole,
  phase: SandboxPhase,
  fields: Partial<SandboxState> = {},
): SandboxState {
  const { name, specHash } = WANTED_PARTS.sandboxes[role];
  const startedAt = new Date(NOW.getTime() - 600_000 + (role === "agent" ? 1_000 : 0));
  return {
    name,
    owner: OWNER,
    role,
    specHash,
    id: `id-${role}`,
    phase,
    ...(phase === "created" ? {} : { startedAt }),
    ...(role === "agent" ? { joinedId: "id-airlock" } : {}),
    ...fields,
  };
}

/** Parts by their phases; both volumes are there unless `volumes` says otherwise. */
export const someParts = (
  phases: Partial<Record<SandboxRole, SandboxPhase | SandboxState>>,
  volumes: Parts["volumes"] = WANTED_PARTS.volumes,
): Parts => ({
  sandboxes: Object.fromEntries(
    Object.entries(phases).map(([role, phase]) => [
      role,
      typeof phase === "string" ? aPart(role as SandboxRole, phase) : phase,
    ]),
  ),
  volumes,
});

export const RUNNING = { airlock: "running", sidecars: "running", agent: "running" } as const;

/** A bottle in which all is well, with what the test changes. */
export const anObserved = (fields: Partial<Observed> = {}): Observed => ({
  parts: someParts(RUNNING),
  wanted: WANTED,
  enforcement: HOLDS,
  agentCheck: { kind: "passed" },
  ...fields,
});
