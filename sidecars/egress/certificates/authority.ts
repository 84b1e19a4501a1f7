import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import {
  BasicConstraints,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  KeyUsage,
  KeyUsageFlags,
} from "@peculiar/asn1-x509";
import { commonNameOf, extension, signCertificate } from "./certificate.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** for guests whose clock runs a little behind */
const BACKDATE_MS = 60 * 60 * 1000;

/** A CA that signs leaves for one bottle, PEM. */
export interface CertificateAuthorityPem {
  readonly certificatePem: string;
  /** PKCS #8 */
  readonly privateKeyPem: string;
  /** SHA-256 of the certificate, lower-case hexadecimal */
  readonly fingerprint: string;
}

/** Makes a new self-signed ECDSA P-256 CA that may sign leaves only. */
export function createCertificateAuthority(options: {
  readonly commonName: string;
  readonly now: Date;
  readonly days: number;
}): CertificateAuthorityPem {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = commonNameOf(options.commonName);
  const certificatePem = signCertificate({
    subject: name,
    issuer: name,
    subjectKey: publicKey,
    issuerKey: privateKey,
    notBefore: new Date(options.now.getTime() - BACKDATE_MS),
    notAfter: new Date(options.now.getTime() + options.days * DAY_MS),
    extensions: [
      extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 })),
      extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)),
    ],
  });
  return {
    certificatePem,
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    fingerprint: fingerprintOf(certificatePem),
  };
}

/** SHA-256 of a PEM certificate, lower-case hexadecimal. Throws when it is none. */
export function fingerprintOf(certificatePem: string): string {
  return new X509Certificate(certificatePem).fingerprint256.replaceAll(":", "").toLowerCase();
}

/**
 * Checks that a certificate is a CA's and that the key is its own. Throws an
 * error that never quotes either.
 */
export function assertAuthority(pem: {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}): void {
  let belongs: boolean;
  try {
    const certificate = new X509Certificate(pem.certificatePem);
    belongs = certificate.ca && certificate.checkPrivateKey(createPrivateKey(pem.privateKeyPem));
  } catch {
    // the parser's own message may quote the key
    throw new Error("the certificate authority is not a certificate and a private key in PEM");
  }
  if (!belongs) throw new Error("the certificate authority is not a CA with its own private key");
}
