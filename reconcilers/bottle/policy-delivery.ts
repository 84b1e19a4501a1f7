import type { SecretValue, SidecarsReport } from "../../sidecars/wire/control.ts";
import { DEPLOY_KEY_SECRET } from "../../sidecars/wire/compile-git.ts";
import { placeholderOf } from "../../sidecars/wire/placeholder.ts";
import type { CertificateAuthorities } from "../contract/certificate-authorities.ts";
import type { Owner, SandboxRuntime, SandboxSpec, SandboxState } from "../contract/sandbox-runtime.ts";
import type { SecretSource } from "../contract/secret-source.ts";
import type { DesiredPolicy } from "./desired-policy.ts";
import { canaryValues } from "./egress/canaries.ts";
import type { DeployKeyring } from "./git/deploy-keyring.ts";
import type { SecretGrant } from "./secret-grants.ts";
import type { SidecarSessions } from "./sidecar-sessions.ts";

export interface PolicyDeliveryDependencies {
  readonly runtime: SandboxRuntime;
  readonly sessions: SidecarSessions;
  readonly secrets: SecretSource;
  readonly keyring: DeployKeyring;
  readonly authorities: CertificateAuthorities;
}

export interface Delivery {
  readonly sidecars: Pick<SandboxState, "name" | "owner" | "id">;
  /** what they must have been made from; undefined when it is not known now */
  readonly spec: SandboxSpec | undefined;
  readonly policy: DesiredPolicy;
}

const NOTHING_HELD: SidecarsReport = {
  policyHash: null,
  secretVersions: {},
  probeNonces: [],
  remotes: [],
  asks: [],
  spent: [],
};

/** whether the sidecars enforce this policy with the secrets that are to be had; the hash covers which these are */
export function isInForce({ policyHash, secretVersions }: SidecarsReport, policy: DesiredPolicy): boolean {
  return (
    policyHash === policy.policyHash &&
    policy.grants.every(
      ({ name, key, version }) => version === undefined || secretVersions[`${name}/${key}`] === version,
    )
  );
}

/**
 * Tells sidecars what to enforce. The only place where the value of a secret is read, and then only to be sent.
 */
export class PolicyDelivery {
  readonly #dependencies: PolicyDeliveryDependencies;
  /** ids of sidecars whose make was verified by this process */
  readonly #verified = new Set<string>();

  constructor(dependencies: PolicyDeliveryDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * The report, after the policy was sent if it was not in force. Labels can be inherited from an image: nothing is
   * sent to sidecars whose make was not verified, so that the report may still speak of another policy.
   */
  async ensure({ sidecars, spec, policy }: Delivery, signal: AbortSignal): Promise<SidecarsReport> {
    const report = await this.report(sidecars.name, signal);
    if (isInForce(report, policy)) return report;
    if (!this.#verified.has(sidecars.id)) {
      if (spec === undefined) return report;
      await this.#dependencies.runtime.create(spec, signal);
      this.#verified.add(sidecars.id);
    }
    return this.#send(sidecars, policy, report, signal);
  }

  /** for sidecars that were created and started by the steps right before */
  async configureNew(sidecars: SandboxSpec, policy: DesiredPolicy, signal: AbortSignal): Promise<void> {
    await this.#send(sidecars, policy, NOTHING_HELD, signal);
  }

  report(sandbox: string, signal: AbortSignal): Promise<SidecarsReport> {
    return this.#dependencies.sessions.ask(sandbox, { kind: "report" }, signal);
  }

  /** makes them forget everything and waits for their word */
  async wipe(sandbox: string, signal: AbortSignal): Promise<void> {
    await this.#dependencies.sessions.ask(sandbox, { kind: "wipe" }, signal);
  }

  async #send(
    { name, owner }: Pick<SandboxState, "name" | "owner">,
    policy: DesiredPolicy,
    held: SidecarsReport,
    signal: AbortSignal,
  ): Promise<SidecarsReport> {
    const { sessions, authorities } = this.#dependencies;
    const [authority, secrets] = await Promise.all([
      authorities.of(owner.uid, { renewIfOld: false }),
      Promise.all(policy.grants.map((grant) => this.#secret(grant, owner, held, signal))),
    ]);
    const { certificatePem, privateKeyPem } = authority;
    const configuration = {
      policyHash: policy.policyHash,
      egress: policy.egress,
      git: { remotes: [...policy.remotes] },
      secrets: secrets.filter((secret) => secret !== undefined),
      canaries: canaryValues(policy.egress, authority),
      certificateAuthority: { certificatePem, privateKeyPem },
      spent: [...policy.spent],
      ...(policy.unrecorded === undefined ? {} : { unrecorded: policy.unrecorded }),
    };
    return sessions.ask(name, { kind: "configure", configuration }, signal);
  }

  async #secret(
    grant: SecretGrant,
    owner: Owner,
    { secretVersions }: Pick<SidecarsReport, "secretVersions">,
    signal: AbortSignal,
  ): Promise<SecretValue | undefined> {
    const { name, key, destinations } = grant;
    const placeholder = placeholderOf(owner.uid, grant);
    const bound = { name, key, destinations: [...destinations], placeholder };
    const held = await this.#valueOf(grant, owner, signal);
    if (held !== undefined) return { ...bound, version: held.version, value: held.value };
    const kept = secretVersions[`${name}/${key}`];
    return kept === undefined ? undefined : { ...bound, version: kept };
  }

  async #valueOf(
    { name, key, version }: SecretGrant,
    { uid, namespace }: Owner,
    signal: AbortSignal,
  ): Promise<{ readonly value: string; readonly version: string } | undefined> {
    if (version === undefined) return undefined;
    if (name !== DEPLOY_KEY_SECRET) return this.#dependencies.secrets.value({ namespace, name }, key, signal);
    const made = this.#dependencies.keyring.keyOf(uid, key);
    return made === undefined ? undefined : { value: made.privateKey, version: made.version };
  }
}
