import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import {
  BasicConstraints,
  ExtendedKeyUsage,
  GeneralName,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  Name,
  SubjectAlternativeName,
} from "@peculiar/asn1-x509";
import { assertAuthority, type CertificateAuthorityPem } from "./authority.ts";
import { extension, signCertificate, subjectOf } from "./certificate.ts";

/** Certificate and key of a CA, PEM. */
export type AuthorityPem = Pick<CertificateAuthorityPem, "certificatePem" | "privateKeyPem">;

/** A certificate for TLS servers with its key, PEM. */
export interface ServerCertificate {
  readonly certificatePem: string;
  /** PKCS #8 */
  readonly privateKeyPem: string;
}

/** When a certificate counts. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Signs certificates of one key for TLS servers; host names and IP addresses. Never valid outside of the CA's time. */
export type SignForHosts = (hosts: readonly string[], validity?: Validity) => string;

/**
 * A CA's way to sign certificates for one key: for serverAuth and the hosts
 * named only, valid as long as the CA unless told otherwise. Throws when the
 * PEM is not a CA with its own key; the message quotes neither.
 */
export function serverCertificateSigner(pem: AuthorityPem, subjectKey: KeyObject): SignForHosts {
  assertAuthority(pem);
  const authority = new X509Certificate(pem.certificatePem);
  const issuer = subjectOf(authority);
  const issuerKey = createPrivateKey(pem.privateKeyPem);
  const { validFromDate, validToDate } = authority;
  return (hosts, { notBefore, notAfter } = { notBefore: validFromDate, notAfter: validToDate }) =>
    signCertificate({
      subject: new Name(),
      issuer,
      subjectKey,
      issuerKey,
      notBefore: notBefore > validFromDate ? notBefore : validFromDate,
      notAfter: notAfter < validToDate ? notAfter : validToDate,
      extensions: [
        extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: false })),
        extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
        extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
        // critical, because the subject is empty (RFC 5280, 4.2.1.6)
        extension(id_ce_subjectAltName, true, new SubjectAlternativeName(hosts.map(nameOf))),
      ],
    });
}

/** A new key and its certificate, for one server that answers as any of `hosts`. Throws as the signer does. */
export function createServerCertificate(pem: AuthorityPem, hosts: readonly string[]): ServerCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    certificatePem: serverCertificateSigner(pem, publicKey)(hosts),
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function nameOf(host: string): GeneralName {
  return new GeneralName(isIP(host) === 0 ? { dNSName: host } : { iPAddress: host });
}
