import type { Bottle } from "../../crds/bottle.ts";
import type { AuditState } from "../contract/audit-state.ts";
import type { ResourceClient } from "../contract/resource-client.ts";
import {
  type CertificateAuthorities,
  type CertificateAuthority,
  CertificateAuthorityUnreadableError,
} from "../contract/certificate-authorities.ts";
import type { Pass } from "../contract/reconciler.ts";
import type { ImageState, ImageStore, WantedImage } from "../contract/image-store.ts";
import type { ProvisionedFile, SandboxRole, SandboxRuntime } from "../contract/sandbox-runtime.ts";
import type { SecretFacts, SecretSource } from "../contract/secret-source.ts";
import { hashOf } from "../shared/naming.ts";
import { desiredEnvironment } from "./desired-environment.ts";
import { desiredFiles, desiredHomeFiles, desiredKeptFiles } from "./desired-files.ts";
import { type DesiredParts, desiredParts, ownerOf } from "./desired-parts.ts";
import { desiredDemands, desiredPolicy, type PolicyFacts } from "./desired-policy.ts";
import { type EffectiveBottle, readEffectiveBottle } from "./effective-bottle.ts";
import { canaryFiles } from "./egress/canaries.ts";
import type { DeployKeyring } from "./git/deploy-keyring.ts";
import { deployKeyGrants } from "./git/deploy-key-grants.ts";
import { type Found, found, type Obstacle, stalledBy } from "./obstacle.ts";
import type { Wanted } from "./observed.ts";
import type { Parts } from "./parts.ts";
import { runtimeObstacle } from "./runtime-obstacle.ts";
import { decideSecretGrants } from "./secret-grants.ts";
import { type Demands, type SecretUse, secretUses } from "./secret-uses.ts";

export interface WantedDependencies {
  readonly client: ResourceClient;
  readonly runtime: SandboxRuntime;
  readonly images: ImageStore;
  readonly secrets: SecretSource;
  readonly authorities: CertificateAuthorities;
  readonly keyring: DeployKeyring;
  readonly audit: AuditState;
  /** PEM of the public roots */
  readonly rootCertificates: string;
}

type Images = Readonly<Record<SandboxRole, string>>;

interface PartMaterial {
  readonly authority: Found<CertificateAuthority>;
  readonly images: Found<Images>;
  readonly kept: readonly ProvisionedFile[];
}

/** Everything that the wanted state of a bottle follows from, each thing read once. */
export class WantedReader {
  readonly #dependencies: WantedDependencies;

  constructor(dependencies: WantedDependencies) {
    this.#dependencies = dependencies;
  }

  effective(bottle: Bottle, signal: AbortSignal): Promise<Found<EffectiveBottle>> {
    return readEffectiveBottle(bottle, this.#dependencies.client, signal);
  }

  /** `partsSoon` says whether an agent trusts the CA already: only then may an old one not be renewed */
  async read(
    bottle: Bottle,
    effective: EffectiveBottle,
    partsSoon: Promise<Parts>,
    pass: Pass,
  ): Promise<Wanted> {
    const { runtime, authorities, keyring } = this.#dependencies;
    const { signal } = pass;
    const demands = desiredDemands(effective);
    const uses = secretUses(demands);
    const [authority, images, facts, obstacle] = await Promise.all([
      partsSoon.then(({ sandboxes: { agent } }) =>
        readAuthority(authorities, bottle.metadata.uid, agent === undefined),
      ),
      this.#readImages(effective, signal),
      this.#readSecretFacts(uses, bottle.metadata.namespace, signal),
      runtimeObstacle(effective, runtime, signal),
    ]);
    const secrets = decideSecretGrants(uses, facts);
    const deployKeys = keyring.observe(bottle, demands.deployKeys, secrets.own, pass);
    const grants = [...secrets.grants, ...deployKeyGrants(demands, secrets.own, deployKeys)];
    const kept = keptFilesOf(effective, demands, authority);
    const fingerprint = authority.kind === "found" ? authority.value.fingerprint : undefined;
    return {
      policy:
        fingerprint === undefined
          ? undefined
          : desiredPolicy(demands, grants, { ...this.#factsOf(bottle), caFingerprint: fingerprint }),
      parts:
        obstacle === undefined
          ? this.#parts(bottle, effective, { authority, images, kept })
          : { kind: "obstacle", obstacle },
      secretsObstacle: secrets.obstacle,
      deployKeys,
      keptFiles: { files: kept, hash: hashOf(kept) },
      provider: effective.provider.name,
      agentImage: images.kind === "found" ? images.value.agent : undefined,
      caFingerprint: fingerprint,
    };
  }

  #factsOf({ metadata: { uid }, status }: Bottle): PolicyFacts {
    return { spent: status?.egress?.spent ?? [], unrecorded: this.#dependencies.audit.faultOf(uid) };
  }

  #parts(
    bottle: Bottle,
    effective: EffectiveBottle,
    { authority, images, kept }: PartMaterial,
  ): Found<DesiredParts> {
    if (authority.kind === "obstacle") return authority;
    if (images.kind === "obstacle") return images;
    const agent = {
      environment: desiredEnvironment(effective, bottle.metadata.uid),
      files: desiredFiles(authority.value.certificatePem, this.#dependencies.rootCertificates),
      homeFiles: [...kept, ...desiredHomeFiles(effective)],
      resources: effective.fields.resources ?? {},
      runtimeClassName: effective.spec.runtime?.runtimeClassName,
    };
    return found(desiredParts(ownerOf(bottle), images.value, agent));
  }

  async #readImages(effective: EffectiveBottle, signal: AbortSignal): Promise<Found<Images>> {
    const { images } = this.#dependencies;
    const agentImage = agentImageOf(effective);
    if (agentImage === undefined) {
      return stalledBy(
        "ImageMissing",
        `provider ${effective.provider.name} has no image of its own: give provider.image`,
      );
    }
    const [airlock, sidecars, agent] = await Promise.all([
      images.ensure({ kind: "airlock" }, signal),
      images.ensure({ kind: "sidecars" }, signal),
      images.ensure(agentImage, signal),
    ]);
    return imagesOf({ airlock, sidecars, agent });
  }

  async #readSecretFacts(
    uses: readonly SecretUse[],
    namespace: string | undefined,
    signal: AbortSignal,
  ): Promise<Map<string, SecretFacts | undefined>> {
    const { secrets } = this.#dependencies;
    const names = new Set(uses.map(({ secret }) => secret.name));
    const entries = [...names].map(
      async (name) => [name, await secrets.facts({ namespace, name }, signal)] as const,
    );
    return new Map(await Promise.all(entries));
  }
}

/** Without a CA nothing is made, and so nothing planted. */
function keptFilesOf(
  effective: EffectiveBottle,
  demands: Demands,
  authority: Found<CertificateAuthority>,
): ProvisionedFile[] {
  const canaries = authority.kind === "found" ? canaryFiles(demands.egress, authority.value) : [];
  return [...desiredKeptFiles(effective, demands), ...canaries];
}

function agentImageOf({ fields: { provider: chosen }, provider }: EffectiveBottle): WantedImage | undefined {
  if (chosen?.image !== undefined) return { kind: "reference", reference: chosen.image };
  if (chosen?.dockerfile !== undefined) return { kind: "dockerfile", path: chosen.dockerfile };
  if (provider.version === undefined) return undefined;
  return { kind: "provider", provider: provider.name, version: provider.version };
}

function imagesOf(states: Readonly<Record<SandboxRole, ImageState>>): Found<Images> {
  const ids: Partial<Record<SandboxRole, string>> = {};
  for (const [role, state] of Object.entries(states)) {
    if (state.kind !== "present") return { kind: "obstacle", obstacle: imageObstacle(role, state) };
    ids[role as SandboxRole] = state.id;
  }
  return found(ids as Images);
}

function imageObstacle(role: string, state: Exclude<ImageState, { kind: "present" }>): Obstacle {
  switch (state.kind) {
    case "building":
      return {
        reason: "ImageBuilding",
        message: `image of the ${role}: ${state.step}`,
        end: { waitMs: 1_000 },
      };
    case "failed":
      return {
        reason: "ImageBuildFailed",
        message: `the image of the ${role} could not be built:\n${state.lastLines}`,
        end: { waitMs: 30_000 },
      };
    case "missing":
      return {
        reason: "ImageMissing",
        message: `the image of the ${role} is not on this machine: pull or build it`,
        end: { waitMs: 30_000 },
      };
    default:
      return state satisfies never;
  }
}

async function readAuthority(
  authorities: CertificateAuthorities,
  uid: string,
  renewIfOld: boolean,
): Promise<Found<CertificateAuthority>> {
  try {
    return found(await authorities.of(uid, { renewIfOld }));
  } catch (error) {
    if (!(error instanceof CertificateAuthorityUnreadableError)) throw error;
    return stalledBy("CertificateAuthorityUnreadable", error.message);
  }
}
