import { createCertificateAuthority } from "../../../sidecars/egress/certificates/authority.ts";
import {
  createServerCertificate,
  type ServerCertificate,
} from "../../../sidecars/egress/certificates/server-certificate.ts";

const DAYS = 2;

export interface StandInCertificate extends ServerCertificate {
  /** what upstreams are verified against; PEM */
  readonly caPem: string;
  /** SHA-256 of the CA, lower-case hexadecimal */
  readonly caFingerprint: string;
}

/** A certificate for hosts that the stand-in plays, from a CA of its own that nothing else trusts. */
export function createStandInCertificate(hosts: readonly string[], now: Date): StandInCertificate {
  const authority = createCertificateAuthority({ commonName: "bot-bottle demo", now, days: DAYS });
  return {
    caPem: authority.certificatePem,
    caFingerprint: authority.fingerprint,
    ...createServerCertificate(authority, hosts),
  };
}
