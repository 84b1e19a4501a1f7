import type { Bottle } from "../../../crds/bottle.ts";
import type { DeployKeyStatus } from "../../../crds/git-status.ts";
import {
  type DeployKey,
  DeployKeyError,
  type DeployKeyPlace,
  type DeployKeys,
  type DeployKeyState,
  type ReadToken,
} from "../../contract/deploy-keys.ts";
import type { Pass } from "../../contract/reconciler.ts";
import type { SecretSource } from "../../contract/secret-source.ts";
import { decideSecretGrants, type SecretGrant } from "../secret-grants.ts";
import { useOfToken } from "../secret-uses.ts";
import { type DeployKeyWish, isSameKey } from "./deploy-key-wishes.ts";

/** A forge that says nothing for longer than this does not hold up the end of a bottle. */
const REMOVAL_TIMEOUT_MS = 15_000;
/** A key that could not be removed is tried again after this time. */
const REMOVE_AGAIN_MS = 30_000;

/** What a pass sees of the deploy keys of one bottle. No private half is in it. */
export interface DeployKeysSeen {
  /** of each remote whose key can be made, by the remote's name */
  readonly states: ReadonlyMap<string, DeployKeySeen>;
  /** keys that may be at forges, for status; a key is made only when status has its note */
  readonly notes: readonly DeployKeyStatus[];
  /** noted keys that no remote needs any more */
  readonly leftovers: readonly Leftover[];
}

export type DeployKeySeen =
  { readonly kind: "ready"; readonly version: string } | Exclude<DeployKeyState, { kind: "ready" }>;

export interface Leftover {
  readonly note: DeployKeyStatus;
  /** why the last try did not remove it */
  readonly problem: string | undefined;
  /** whether it is time for a try */
  readonly isDue: boolean;
}

/** The deploy keys of all bottles: what tells them to be made and removed, and holds them until they are sent. */
export class DeployKeyring {
  readonly #deployKeys: DeployKeys;
  readonly #secrets: SecretSource;
  readonly #ready = new Map<string, DeployKey>();
  readonly #problems = new Map<string, { readonly message: string; readonly at: Date }>();
  readonly #removed = new Set<string>();

  constructor(dependencies: { readonly deployKeys: DeployKeys; readonly secrets: SecretSource }) {
    this.#deployKeys = dependencies.deployKeys;
    this.#secrets = dependencies.secrets;
  }

  /** Has keys made for the wishes whose token is among `tokens`, and says how far that is; never waits for a forge. */
  observe(
    bottle: Bottle,
    wishes: readonly DeployKeyWish[],
    tokens: readonly SecretGrant[],
    { now }: Pass,
  ): DeployKeysSeen {
    const { uid } = bottle.metadata;
    const noted = bottle.status?.git?.deployKeys ?? [];
    const makeable = wishes.filter(({ note }) =>
      tokens.some(
        ({ name, key, version }) =>
          version !== undefined && name === note.secretRef.name && key === note.secretRef.key,
      ),
    );
    const isWanted = (note: DeployKeyStatus): boolean => wishes.some((wish) => isSameKey(wish.note, note));
    const left = noted.filter((note) => !isWanted(note) && !this.#removed.has(idOf(uid, note)));
    const kept = noted.filter(
      (note) => isWanted(note) && !makeable.some((wish) => isSameKey(wish.note, note)),
    );
    return {
      states: new Map(makeable.map((wish) => [wish.note.remote, this.#ensure(bottle, wish, noted)])),
      notes: [...makeable.map(({ note }) => note), ...kept, ...left],
      leftovers: left.map((note) => {
        const problem = this.#problems.get(idOf(uid, note));
        const isDue = problem === undefined || now.getTime() - problem.at.getTime() >= REMOVE_AGAIN_MS;
        return { note, problem: problem?.message, isDue };
      }),
    };
  }

  /** The key that was ready when it was last looked at. */
  keyOf(bottleUid: string, remote: string): DeployKey | undefined {
    return this.#ready.get(`${bottleUid}/${remote}`);
  }

  /** Removes a key; throws DeployKeyError with a message that says what is left and what to do. */
  async remove(bottle: Bottle, note: DeployKeyStatus, { now, signal }: Pass): Promise<void> {
    const id = idOf(bottle.metadata.uid, note);
    try {
      await this.#remove(bottle, note, signal);
      this.#problems.delete(id);
      this.#removed.add(id);
    } catch (error) {
      if (!(error instanceof DeployKeyError)) throw error;
      const message = `the deploy key of remote ${note.remote} in ${note.repository} at ${note.forgeUrl} could not be removed: ${error.message}`;
      this.#problems.set(id, { message, at: now });
      throw new DeployKeyError(message, { cause: error });
    }
  }

  /** whether it was removed by this process, so that status need not note it any more */
  isRemoved(bottleUid: string, note: DeployKeyStatus): boolean {
    return this.#removed.has(idOf(bottleUid, note));
  }

  forget(bottleUid: string): void {
    for (const kept of [this.#ready, this.#problems, this.#removed]) {
      for (const id of kept.keys()) if (id.startsWith(`${bottleUid}/`)) kept.delete(id);
    }
  }

  #ensure(
    bottle: Bottle,
    { note, readOnly }: DeployKeyWish,
    noted: readonly DeployKeyStatus[],
  ): DeployKeySeen {
    const { uid } = bottle.metadata;
    // a crash after the key is made must find its note
    if (!noted.some((each) => isSameKey(each, note))) return { kind: "making" };
    this.#removed.delete(idOf(uid, note));
    const recheck = bottle.status?.git?.remotes?.some(
      ({ name, reason }) => name === note.remote && reason === "AuthenticationFailed",
    );
    const options = { readOnly, recheck: recheck === true };
    const state = this.#deployKeys.ensure(placeOf(uid, note), options, this.#readerOf(bottle, note));
    if (state.kind !== "ready") {
      this.#ready.delete(`${uid}/${note.remote}`);
      return state;
    }
    this.#ready.set(`${uid}/${note.remote}`, state.key);
    return { kind: "ready", version: state.key.version };
  }

  async #remove(bottle: Bottle, note: DeployKeyStatus, signal: AbortSignal): Promise<void> {
    const { namespace, uid } = bottle.metadata;
    const { name } = note.secretRef;
    const facts = new Map([[name, await this.#secrets.facts({ namespace, name }, signal)]]);
    const { own, obstacle } = decideSecretGrants([useOfToken(note)], facts);
    if (own[0]?.version === undefined) throw new DeployKeyError(obstacle?.message ?? "there is no token");
    const limit = AbortSignal.timeout(REMOVAL_TIMEOUT_MS);
    try {
      const either = AbortSignal.any([signal, limit]);
      await this.#deployKeys.remove(placeOf(uid, note), this.#readerOf(bottle, note), either);
    } catch (error) {
      signal.throwIfAborted();
      if (!limit.aborted) throw error;
      throw new DeployKeyError("the forge did not answer in time", { cause: error });
    }
  }

  #readerOf({ metadata: { namespace } }: Bottle, { secretRef: { name, key } }: DeployKeyStatus): ReadToken {
    return async (signal) => {
      const held = await this.#secrets.value({ namespace, name }, key, signal);
      if (held === undefined)
        throw new DeployKeyError(`the value of Secret ${name}, key ${key}, is not in memory`);
      return held.value;
    };
  }
}

const idOf = (uid: string, { remote, forgeUrl, repository }: DeployKeyStatus): string =>
  `${uid}/${JSON.stringify([remote, forgeUrl, repository])}`;

const placeOf = (
  bottleUid: string,
  { remote, forgeUrl, caBundle, repository }: DeployKeyStatus,
): DeployKeyPlace => ({ bottleUid, remote, forgeUrl, caBundle, repository });
