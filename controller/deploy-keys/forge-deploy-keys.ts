import { randomUUID } from "node:crypto";
import {
  DeployKeyError,
  type DeployKeyPlace,
  type DeployKeys,
  type DeployKeyState,
  type ReadToken,
} from "../../reconcilers/contract/deploy-keys.ts";
import { Turns } from "../../sidecars/shared/turns.ts";
import type { Clock } from "../engine/index.ts";
import { createSshKey } from "../ssh-keys.ts";
import { Forge, type ForgeKey } from "./forge.ts";
import { KeyTitles } from "./key-titles.ts";

export interface DeployKeyDependencies {
  /** mark of this installation: keys with another one are never touched */
  readonly instance: string;
  /** whether there is a Bottle of that uid: what another one left behind is removed */
  readonly hasBottle: (uid: string, signal: AbortSignal) => Promise<boolean>;
  readonly clock: Clock;
  /** the end of the controller */
  readonly signal: AbortSignal;
  /** for one answer of a forge; default 20 s */
  readonly callTimeoutMs?: number;
}

/** A place, and what is known of its key. */
interface Entry {
  readonly turns: Turns;
  /** undefined: none is wanted */
  wanted: { readonly readOnly: boolean } | undefined;
  state: DeployKeyState;
  /** of the key at the forge, when it is ready */
  id: number | undefined;
  isBusy: boolean;
  /** when a failure may be tried again, milliseconds */
  againAt: number;
}

const CALL_MS = 20_000;
const TRY_AGAIN_MS = 30_000;
/** for all that comes before the key itself: whoever wants the key removed waits for that */
const LOOK_MS = 40_000;
const MAKING: DeployKeyState = { kind: "making" };

/** DeployKeys at forges that speak Gitea's API: Gitea itself and Forgejo. */
export class ForgeDeployKeys implements DeployKeys {
  readonly #dependencies: DeployKeyDependencies;
  readonly #titles: KeyTitles;
  readonly #entries = new Map<string, Entry>();

  constructor(dependencies: DeployKeyDependencies) {
    this.#dependencies = dependencies;
    this.#titles = new KeyTitles(dependencies.instance);
  }

  ensure(
    place: DeployKeyPlace,
    { readOnly, recheck }: { readonly readOnly: boolean; readonly recheck: boolean },
    readToken: ReadToken,
  ): DeployKeyState {
    const entry = this.#entryOf(place);
    if (entry.wanted?.readOnly !== readOnly) {
      entry.wanted = { readOnly };
      entry.state = MAKING;
      void this.#work(entry, () => this.#make(place, entry, readToken));
    } else if (entry.state.kind === "ready" && recheck && !entry.isBusy) {
      void this.#work(entry, () => this.#recheck(place, entry, readToken));
    } else if (entry.state.kind === "failed" && !entry.isBusy && this.#now() >= entry.againAt) {
      void this.#work(entry, () => this.#make(place, entry, readToken));
    }
    return entry.state;
  }

  async remove(place: DeployKeyPlace, readToken: ReadToken, signal: AbortSignal): Promise<void> {
    const entry = this.#entryOf(place);
    entry.wanted = undefined;
    entry.state = MAKING;
    // a key that is being made is made first: given up on half way, it would appear after it was looked for
    await entry.turns.take(async () => {
      const forge = await this.#open(place, readToken, signal);
      const own = this.#titles.of(place);
      for (const { id } of ((await forge.keys(signal)) ?? []).filter(({ title }) => title === own)) {
        await forge.remove(id, signal);
      }
    });
    if (entry.wanted === undefined) this.#entries.delete(idOf(place));
  }

  #entryOf(place: DeployKeyPlace): Entry {
    const id = idOf(place);
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    const rest = { wanted: undefined, state: MAKING, id: undefined, isBusy: false, againAt: 0 };
    const entry: Entry = { turns: new Turns(1), ...rest };
    this.#entries.set(id, entry);
    return entry;
  }

  /** One at a time for a place; a failure is its state, never a rejection. */
  async #work(entry: Entry, work: () => Promise<void>): Promise<void> {
    const { wanted } = entry;
    entry.isBusy = true;
    await entry.turns.take(async () => {
      // another right to write, or none at all, is wanted by now
      if (entry.wanted !== wanted) return;
      try {
        await work();
      } catch (error) {
        if (entry.wanted === wanted) this.#fail(entry, error);
      }
    });
    if (entry.wanted === wanted) entry.isBusy = false;
  }

  #fail(entry: Entry, error: unknown): void {
    // a key that could not be looked for is still the key
    if (entry.state.kind === "ready") return;
    entry.againAt = this.#now() + TRY_AGAIN_MS;
    entry.state = { kind: "failed", message: messageOf(error) };
  }

  async #make(place: DeployKeyPlace, entry: Entry, readToken: ReadToken): Promise<void> {
    const { wanted } = entry;
    if (wanted === undefined) return;
    const signal = this.#lookSignal();
    const forge = await this.#open(place, readToken, signal);
    await this.#removeOld(place, forge, signal);
    const { privateKey, publicKey } = createSshKey();
    const key = { title: this.#titles.of(place), publicKey, ...wanted };
    const made = await forge.add(key, this.#dependencies.signal);
    if (entry.wanted !== wanted) return;
    entry.id = made.id;
    entry.state = { kind: "ready", key: { version: randomUUID(), privateKey } };
  }

  async #recheck(place: DeployKeyPlace, entry: Entry, readToken: ReadToken): Promise<void> {
    const signal = this.#lookSignal();
    const forge = await this.#open(place, readToken, signal);
    const keys = (await forge.keys(signal)) ?? [];
    if (keys.some(({ id }) => id === entry.id)) return;
    entry.state = MAKING;
    await this.#make(place, entry, readToken);
  }

  /** Keys of this place whose private half is gone, and of bottles that are. */
  async #removeOld(place: DeployKeyPlace, forge: Forge, signal: AbortSignal): Promise<void> {
    // without the repository the key cannot be made either, and that says so
    for (const key of (await forge.keys(signal)) ?? []) {
      if (await this.#isLeft(key, place, signal)) await forge.remove(key.id, signal);
    }
  }

  async #isLeft({ title }: ForgeKey, place: DeployKeyPlace, signal: AbortSignal): Promise<boolean> {
    if (title === this.#titles.of(place)) return true;
    const uid = this.#titles.bottleUidOf(title);
    return uid !== undefined && uid !== place.bottleUid && !(await this.#dependencies.hasBottle(uid, signal));
  }

  async #open(place: DeployKeyPlace, readToken: ReadToken, signal: AbortSignal): Promise<Forge> {
    try {
      const token = await readToken(signal);
      return new Forge(place, { token, timeoutMs: this.#dependencies.callTimeoutMs ?? CALL_MS });
    } catch (error) {
      throw new DeployKeyError(messageOf(error));
    }
  }

  #lookSignal(): AbortSignal {
    return AbortSignal.any([this.#dependencies.signal, AbortSignal.timeout(LOOK_MS)]);
  }

  #now(): number {
    return this.#dependencies.clock.now().getTime();
  }
}

/** Another CA is no other place: the key at the forge is the same. */
const idOf = ({ bottleUid, remote, forgeUrl, repository }: DeployKeyPlace): string =>
  JSON.stringify([bottleUid, remote, forgeUrl, repository]);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
