import { generateKeyPairSync } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { type AuthorityPem, serverCertificateSigner, type SignForHosts } from "./server-certificate.ts";

/** Hosts whose leaf is kept; the one used longest ago goes first. */
const MAX_CACHED_LEAVES = 256;

/**
 * Leaf certificates of one bottle: one key for all of them, minted on first
 * use, valid as long as the CA, for serverAuth and one name only.
 *
 * Ask only for hosts that the policy allows: each new one costs a signature.
 */
export class LeafCertificates {
  readonly #sign: SignForHosts;
  readonly #leafKeyPem: string;
  readonly #mostCached: number;
  readonly #contexts = new Map<string, SecureContext>();

  /** Throws when the PEM is not a CA with its own key; the message quotes neither. */
  constructor(pem: AuthorityPem, mostCached = MAX_CACHED_LEAVES) {
    this.#mostCached = mostCached;
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#sign = serverCertificateSigner(pem, publicKey);
    this.#leafKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  }

  /** A TLS context for a normalised host name or IP address. */
  contextFor(host: string): SecureContext {
    const known = this.#contexts.get(host);
    const context = known ?? createSecureContext({ cert: this.#sign([host]), key: this.#leafKeyPem });
    this.#contexts.delete(host);
    this.#contexts.set(host, context);
    for (const oldest of this.#contexts.keys()) {
      if (this.#contexts.size <= this.#mostCached) break;
      this.#contexts.delete(oldest);
    }
    return context;
  }
}
