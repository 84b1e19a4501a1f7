/** Where a deploy key belongs: one repository of one forge, for one remote of one bottle. Nothing in it is secret. */
export interface DeployKeyPlace {
  readonly bottleUid: string;
  /** name of the remote in the bottle */
  readonly remote: string;
  /** https, without a slash at the end; the API lies below it at /api/v1 */
  readonly forgeUrl: string;
  /** PEM that the forge is verified against instead of the public roots */
  readonly caBundle?: string | undefined;
  /** `OWNER/NAME`, without `.git` */
  readonly repository: string;
}

export interface DeployKey {
  /** changes whenever the key does; says nothing of it */
  readonly version: string;
  /** OpenSSH format without a passphrase; in memory only */
  readonly privateKey: string;
}

export type DeployKeyState =
  | { readonly kind: "ready"; readonly key: DeployKey }
  | { readonly kind: "making" }
  /** sentence for people, without the token: what did not work and what to do; tried again after a pause */
  | { readonly kind: "failed"; readonly message: string };

/** Gives the API token when it is needed; rejects when there is none. */
export type ReadToken = (signal: AbortSignal) => Promise<string>;

/**
 * Makes deploy keys at a forge for as long as a bottle needs them.
 *
 * A forge knows a key by a title that follows from the bottle's uid and the remote's name, so a process that was killed
 * leaves nothing that the next one does not find. Keys with other titles are never touched.
 */
export interface DeployKeys {
  /**
   * The key of a place. It is made in the background, for a forge may be slow: a pass looks, it never waits. What an
   * earlier process made for the place is replaced, because its private half is gone; so is a key whose right to write
   * is not the wanted one.
   *
   * With `recheck` a key that is ready is looked for at the forge, and made anew when it is not there any more.
   */
  ensure(
    place: DeployKeyPlace,
    options: { readonly readOnly: boolean; readonly recheck: boolean },
    readToken: ReadToken,
  ): DeployKeyState;
  /**
   * Removes every key of the place from the forge and from memory, one that is being made included; succeeds when there
   * is none. Throws DeployKeyError.
   */
  remove(place: DeployKeyPlace, readToken: ReadToken, signal: AbortSignal): Promise<void>;
}

/** The forge cannot be reached, or did not do what it was asked; the message is for people and never has the token. */
export class DeployKeyError extends Error {
  override readonly name = "DeployKeyError";
}
