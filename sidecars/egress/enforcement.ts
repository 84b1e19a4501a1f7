import {
  CANARY_ID,
  createDetector,
  createFragmentRing,
  type Detector,
  type FragmentRing,
} from "../detection/index.ts";
import type { SidecarsConfiguration } from "../wire/control.ts";
import type { EgressPolicy } from "../wire/egress-policy.ts";
import { ANY_PLACEHOLDER } from "../wire/placeholder.ts";
import type { AuthPolicy } from "../wire/route-auth.ts";
import { lazily } from "../shared/lazily.ts";
import { LeafCertificates } from "./certificates/leaves.ts";
import { indexPolicy, type PolicyIndex } from "./policy/policy-index.ts";
import { knownValuePatterns } from "./scrub/known-values.ts";
import { mintedPatterns } from "./scrub/minted-tokens.ts";
import { PatternTable } from "./scrub/pattern-table.ts";
import { secretTexts } from "./credentials/secret-texts.ts";

/** of values that a secret had before: one that is fetched anew every hour must not fill the memory */
const MOST_FORMER_TEXTS = 32;

/** A secret in memory. */
export interface HeldSecret {
  readonly version: string;
  readonly value: string;
  readonly destinations: readonly string[];
  /** what the agent is given in its place */
  readonly placeholder: string;
  /** every text by which it is known, those of values that it had before among them */
  readonly texts: readonly string[];
}

/** All that is in force at one moment. Immutable: a change replaces it whole. */
export interface Enforcement {
  readonly policyHash: string;
  readonly policy: PolicyIndex;
  /** by `name/key` */
  readonly secrets: ReadonlyMap<string, HeldSecret>;
  readonly detector: Detector;
  /** what the detector looks for because the policy says so */
  readonly ownRules: Pick<EgressPolicy, "rules" | "gitleaksRules" | "canaries">;
  /** what the bottle sent in small pieces; the same under every policy */
  readonly fragments: FragmentRing;
  /** what answers must not give back; made when it is first asked for */
  readonly scrubTable: () => PatternTable;
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
  configuration: Omit<SidecarsConfiguration, "git" | "spent">,
  previous: Enforcement | undefined,
): Enforcement {
  const secrets = heldSecrets(configuration, previous);
  const { rules, gitleaksRules } = configuration.egress;
  const canaries = configuration.canaries ?? [];
  const knownValues = [
    ...[...secrets].flatMap(([id, { texts }]) => texts.map((value) => ({ id, value }))),
    ...canaries.map((value) => ({ id: CANARY_ID, value })),
  ];
  const authority = configuration.certificateAuthority;
  const authorityPem = authority.certificatePem;
  return {
    policyHash: configuration.policyHash,
    policy: indexPolicy(configuration.egress),
    secrets,
    scrubTable: lazily(
      () => new PatternTable([...knownValuePatterns(secrets.values()), ...mintedPatterns()]),
    ),
    detector: createDetector({ knownValues, ownRules: rules, gitleaksRules }),
    ownRules: { rules, gitleaksRules, canaries: configuration.egress.canaries },
    fragments: previous?.fragments ?? createFragmentRing(),
    leaves: previous?.authorityPem === authorityPem ? previous.leaves : new LeafCertificates(authority),
    authorityPem,
  };
}

/** How a secret is named everywhere but in its value. */
export function secretId(secret: { readonly name: string; readonly key: string }): string {
  return `${secret.name}/${secret.key}`;
}

function heldSecrets(
  { secrets, egress }: Omit<SidecarsConfiguration, "git">,
  previous: Enforcement | undefined,
): Map<string, HeldSecret> {
  const signing = new Set(
    egress.routes.flatMap(({ auth }) => (isSigning(auth) ? [secretId(auth.secret)] : [])),
  );
  const all = new Map<string, HeldSecret>();
  for (const secret of secrets) {
    const id = secretId(secret);
    const { version, destinations, placeholder = ANY_PLACEHOLDER } = secret;
    const before = previous?.secrets.get(id);
    const value = secret.value ?? (before?.version === version ? before.value : undefined);
    if (value === undefined) continue;
    const now = secretTexts(value, { signs: signing.has(id) });
    // a value that was replaced may be good for a while yet, and streams that began with it go on
    const texts = [...new Set([...now, ...(before?.texts ?? [])])].slice(0, now.length + MOST_FORMER_TEXTS);
    all.set(id, { version, value, destinations, placeholder, texts });
  }
  return all;
}

const isSigning = (auth: AuthPolicy): auth is Extract<AuthPolicy, { mode: "inject" }> =>
  auth.mode === "inject" && auth.carrier.in === "signature";
