import { createDetector, type Detector } from "../detection/index.ts";
import type { SecretValue, SidecarsConfiguration } from "../wire/control.ts";
import { LeafCertificates } from "./certificates/leaves.ts";
import { indexPolicy, type PolicyIndex } from "./policy/policy-index.ts";

/** A secret in memory. */
export interface HeldSecret {
  readonly version: string;
  readonly value: string;
  readonly destinations: readonly string[];
}

/** All that is in force at one moment. Immutable: a change replaces it whole. */
export interface Enforcement {
  readonly policyHash: string;
  readonly policy: PolicyIndex;
  /** by `name/key` */
  readonly secrets: ReadonlyMap<string, HeldSecret>;
  readonly detector: Detector;
  /** bytes of the longest value in `secrets` */
  readonly longestSecret: number;
  readonly leaves: LeafCertificates;
  readonly authorityPem: string;
}

/**
 * Makes a configuration ready to be enforced. A secret without a value keeps
 * the one that `previous` holds of the same version; when there is none it is
 * not there. The CA's leaves are kept while the CA is the same. Throws, and
 * quotes nothing, when the configuration cannot be enforced.
 */
export function createEnforcement(
  configuration: Omit<SidecarsConfiguration, "git">,
  previous: Enforcement | undefined,
): Enforcement {
  const secrets = new Map<string, HeldSecret>();
  for (const secret of configuration.secrets) {
    const id = secretId(secret);
    const value = secret.value ?? heldValue(previous?.secrets.get(id), secret);
    if (value === undefined) continue;
    secrets.set(id, { version: secret.version, value, destinations: secret.destinations });
  }
  const authority = configuration.certificateAuthority;
  const authorityPem = authority.certificatePem;
  return {
    policyHash: configuration.policyHash,
    policy: indexPolicy(configuration.egress),
    secrets,
    detector: createDetector({ knownValues: knownValuesOf(secrets) }),
    longestSecret: Math.max(0, ...[...secrets.values()].map(({ value }) => Buffer.byteLength(value))),
    leaves: previous?.authorityPem === authorityPem ? previous.leaves : new LeafCertificates(authority),
    authorityPem,
  };
}

/** How a secret is named everywhere but in its value. */
export function secretId(secret: { readonly name: string; readonly key: string }): string {
  return `${secret.name}/${secret.key}`;
}

function heldValue(held: HeldSecret | undefined, wanted: SecretValue): string | undefined {
  return held?.version === wanted.version ? held.value : undefined;
}

/** Of `user:password` the password alone must not leave either. */
function knownValuesOf(secrets: ReadonlyMap<string, HeldSecret>): { id: string; value: string }[] {
  return [...secrets].flatMap(([id, { value }]) => {
    const password = value.slice(value.indexOf(":") + 1);
    return password === value
      ? [{ id, value }]
      : [
          { id, value },
          { id, value: password },
        ];
  });
}
