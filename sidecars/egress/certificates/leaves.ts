import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
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
import { assertAuthority } from "./authority.ts";
import { extension, signCertificate, subjectOf } from "./certificate.ts";

/** Hosts whose leaf is kept; the one used longest ago goes first. */
const MAX_CACHED_LEAVES = 256;

/**
 * Leaf certificates of one bottle: one key for all of them, minted on first
 * use, valid as long as the CA, for serverAuth and one name only.
 *
 * Ask only for hosts that the policy allows: each new one costs a signature.
 */
export class LeafCertificates {
  readonly #issuer: Name;
  readonly #issuerKey: KeyObject;
  readonly #authority: X509Certificate;
  readonly #leafKey: KeyObject;
  readonly #leafKeyPem: string;
  readonly #mostCached: number;
  readonly #contexts = new Map<string, SecureContext>();

  /** Throws when the PEM is not a CA with its own key; the message quotes neither. */
  constructor(
    pem: { readonly certificatePem: string; readonly privateKeyPem: string },
    mostCached = MAX_CACHED_LEAVES,
  ) {
    this.#mostCached = mostCached;
    assertAuthority(pem);
    this.#authority = new X509Certificate(pem.certificatePem);
    this.#issuerKey = createPrivateKey(pem.privateKeyPem);
    this.#issuer = subjectOf(this.#authority);
    const leaf = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#leafKey = leaf.publicKey;
    this.#leafKeyPem = leaf.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  }

  /** A TLS context for a normalised host name or IP address. */
  contextFor(host: string): SecureContext {
    const known = this.#contexts.get(host);
    const context = known ?? createSecureContext({ cert: this.#mint(host), key: this.#leafKeyPem });
    this.#contexts.delete(host);
    this.#contexts.set(host, context);
    for (const oldest of this.#contexts.keys()) {
      if (this.#contexts.size <= this.#mostCached) break;
      this.#contexts.delete(oldest);
    }
    return context;
  }

  #mint(host: string): string {
    const name = new GeneralName(isIP(host) === 0 ? { dNSName: host } : { iPAddress: host });
    return signCertificate({
      subject: new Name(),
      issuer: this.#issuer,
      subjectKey: this.#leafKey,
      issuerKey: this.#issuerKey,
      notBefore: this.#authority.validFromDate,
      notAfter: this.#authority.validToDate,
      extensions: [
        extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: false })),
        extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
        extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
        // critical, because the subject is empty (RFC 5280, 4.2.1.6)
        extension(id_ce_subjectAltName, true, new SubjectAlternativeName([name])),
      ],
    });
  }
}
