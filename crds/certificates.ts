import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { type Rule, withOrderedRules } from "./rules.ts";

const RULES: readonly Rule<string>[] = [
  {
    holds: (self) => !self.includes("PRIVATE KEY"),
    cel: "!self.contains('PRIVATE KEY')",
    message: "holds a private key: give the certificates alone, and treat the key as seen by others",
  },
  {
    holds: (self) => blocksOf(self).every(isCertificate),
    cel: undefined,
    message:
      "has a certificate that cannot be read: copy the PEM again, line breaks included (in YAML, after `|`)",
  },
];

/** One or more CA certificates in PEM; text between them is allowed, as in the bundles of operating systems. */
export const CertificateBundle = withOrderedRules(
  z
    .string()
    .max(32_768)
    .regex(
      /-----BEGIN CERTIFICATE-----/,
      "holds no certificate: give PEM, which starts with -----BEGIN CERTIFICATE-----",
    ),
  RULES,
);

/** whatever follows a BEGIN up to its END, whatever it is */
function blocksOf(pem: string): string[] {
  return pem.split(/(?=-----BEGIN )/).filter((block) => block.startsWith("-----BEGIN "));
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false; // whatever OpenSSL says of it, the advice is the same
  }
}
