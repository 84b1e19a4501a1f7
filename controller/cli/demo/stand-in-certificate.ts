import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import {
  ExtendedKeyUsage,
  GeneralName,
  id_ce_extKeyUsage,
  id_ce_subjectAltName,
  id_kp_serverAuth,
  Name,
  SubjectAlternativeName,
} from "@peculiar/asn1-x509";
import { createCertificateAuthority } from "../../../sidecars/egress/certificates/authority.ts";
import { extension, signCertificate, subjectOf } from "../../../sidecars/egress/certificates/certificate.ts";

const DAYS = 2;

export interface StandInCertificate {
  /** what upstreams are verified against; PEM */
  readonly caPem: string;
  /** SHA-256 of the CA, lower-case hexadecimal */
  readonly caFingerprint: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** A certificate for hosts that the stand-in plays, from a CA of its own that nothing else trusts. */
export function createStandInCertificate(hosts: readonly string[], now: Date): StandInCertificate {
  const authority = createCertificateAuthority({ commonName: "bot-bottle demo", now, days: DAYS });
  const issuer = new X509Certificate(authority.certificatePem);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const names = hosts.map((host) => new GeneralName({ dNSName: host }));
  return {
    caPem: authority.certificatePem,
    caFingerprint: authority.fingerprint,
    certificatePem: signCertificate({
      subject: new Name(),
      issuer: subjectOf(issuer),
      subjectKey: publicKey,
      issuerKey: createPrivateKey(authority.privateKeyPem),
      notBefore: issuer.validFromDate,
      notAfter: issuer.validToDate,
      extensions: [
        extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
        extension(id_ce_subjectAltName, true, new SubjectAlternativeName(names)),
      ],
    }),
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
