/** The CA of one bottle, PEM. */
export interface CertificateAuthority {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** SHA-256 of the certificate, lower-case hexadecimal */
  readonly fingerprint: string;
}

/** Keeps one CA per bottle, for as long as the bottle lives. */
export interface CertificateAuthorities {
  /**
   * The bottle's CA, made on first use. With `renewIfOld` a new one takes the place of one that is near its end:
   * only for an agent that is about to be made anew. Throws CertificateAuthorityUnreadableError rather than
   * replace one that cannot be read.
   */
  of(bottleUid: string, options: { readonly renewIfOld: boolean }): Promise<CertificateAuthority>;
  /** succeeds when there is none */
  remove(bottleUid: string): Promise<void>;
}

/** The stored CA exists and cannot be used; a person has to look. */
export class CertificateAuthorityUnreadableError extends Error {
  override readonly name = "CertificateAuthorityUnreadableError";
}
