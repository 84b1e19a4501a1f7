import { generateKeyPairSync } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { type AuthorityPem, serverCertificateSigner, type SignForHosts } from "./server-certificate.ts";

/** Hosts whose leaf is kept; the one used longest ago goes first. */
const MAX_CACHED_LEAVES = 256;
const HOUR_MS = 60 * 60 * 1000;
/** how long a leaf is valid from when it is made */
const LEAF_MS = 24 * HOUR_MS;
/** a leaf with less than this left is not handed out any more: a handshake may take its time */
const SPARE_MS = 6 * HOUR_MS;
/** for guests whose clock runs a little behind */
const BACKDATE_MS = HOUR_MS;

interface Leaf {
  readonly context: SecureContext;
  /** Unix time in milliseconds from which on another one is made */
  readonly staleAt: number;
}

/**
 * Leaf certificates of one bottle: one key for all of them, minted on first
 * use and again before they expire, valid for a day and never longer than the
 * CA, for serverAuth and one name only.
 *
 * Ask only for hosts that the policy allows: each new one costs a signature.
 */
export class LeafCertificates {
  readonly #sign: SignForHosts;
  readonly #leafKeyPem: string;
  readonly #mostCached: number;
  readonly #clock: Clock;
  readonly #leaves = new Map<string, Leaf>();

  /** Throws when the PEM is not a CA with its own key; the message quotes neither. */
  constructor(pem: AuthorityPem, { clock = systemClock, mostCached = MAX_CACHED_LEAVES } = {}) {
    this.#clock = clock;
    this.#mostCached = mostCached;
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#sign = serverCertificateSigner(pem, publicKey);
    this.#leafKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  }

  /** A TLS context for a normalised host name or IP address. */
  contextFor(host: string): SecureContext {
    const now = this.#clock.now().getTime();
    const known = this.#leaves.get(host);
    const leaf = known !== undefined && now < known.staleAt ? known : this.#mint(host, now);
    this.#leaves.delete(host);
    this.#leaves.set(host, leaf);
    for (const oldest of this.#leaves.keys()) {
      if (this.#leaves.size <= this.#mostCached) break;
      this.#leaves.delete(oldest);
    }
    return leaf.context;
  }

  #mint(host: string, now: number): Leaf {
    const cert = this.#sign([host], {
      notBefore: new Date(now - BACKDATE_MS),
      notAfter: new Date(now + LEAF_MS),
    });
    return {
      context: createSecureContext({ cert, key: this.#leafKeyPem }),
      staleAt: now + LEAF_MS - SPARE_MS,
    };
  }
}
