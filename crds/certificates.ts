import { X509Certificate } from "node:crypto";
import * as z from "zod";
import { withRules } from "./rules.ts";

const BLOCK = "-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----";
// Between blocks no two dashes: what OpenSSL would read as one more certificate, under another name or with headers, must
// not escape whoever compares fingerprints.
const COMMENTS = "([^-]|-[^-])*";
const BUNDLE = new RegExp(`^(${COMMENTS}${BLOCK})+${COMMENTS}$`);

/** One or more CA certificates in PEM; comments between them are allowed, as in the bundles of operating systems. */
export const CertificateBundle = withRules(
  z
    .string()
    .max(32_768)
    .regex(
      BUNDLE,
      "must be PEM certificates and comments alone, which start with -----BEGIN CERTIFICATE-----; a private key that stands here counts as seen by others: make a new one",
    ),
  [
    {
      holds: (self) => (self.match(new RegExp(BLOCK, "g")) ?? []).every(isCertificate),
      cel: undefined,
      message:
        "has a certificate that cannot be read: copy the PEM again, line breaks included (in YAML, after `|`)",
    },
  ],
);

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false; // whatever OpenSSL says of it, the advice is the same
  }
}
