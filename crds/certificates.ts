import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { type Rule, withOrderedRules } from "./rules.ts";

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

const RULES: readonly Rule<string>[] = [
  {
    holds: (self) => !self.includes("PRIVATE KEY"),
    cel: "!self.contains('PRIVATE KEY')",
    message: "holds a private key: give the certificates alone, and treat the key as seen by others",
  },
  {
    holds: (self) => self.includes("-----BEGIN CERTIFICATE-----"),
    cel: "self.contains('-----BEGIN CERTIFICATE-----')",
    message: "holds no certificate: give PEM, which starts with -----BEGIN CERTIFICATE-----",
  },
  {
    holds: isBundle,
    cel: undefined,
    message:
      "has a certificate that cannot be read: copy the PEM again, line breaks included (in YAML, after `|`)",
  },
];

/** One or more CA certificates in PEM; text between them is allowed, as in the bundles of operating systems. */
export const CertificateBundle = withOrderedRules(z.string().min(1).max(65_536), RULES);

function isBundle(pem: string): boolean {
  const blocks = pem.match(BLOCK) ?? [];
  return blocks.length === pem.split("-----BEGIN ").length - 1 && blocks.every(isCertificate);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false; // whatever OpenSSL says of it, the advice is the same
  }
}
