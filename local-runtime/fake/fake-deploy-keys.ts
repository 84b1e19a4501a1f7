import { randomUUID } from "node:crypto";
import {
  DeployKeyError,
  type DeployKeyPlace,
  type DeployKeys,
  type DeployKeyState,
  type ReadToken,
} from "../../reconcilers/contract/deploy-keys.ts";

interface ForgeKey {
  readonly repository: string;
  readonly title: string;
  readonly version: string;
  readonly readOnly: boolean;
}

/** A forge in memory; it outlives any FakeDeployKeys, as a real one outlives the controller. */
export class FakeForge {
  keys: ForgeKey[] = [];
  /** the one token that it takes */
  token = "forge-token";
  /** it answers nothing */
  isDown = false;
  /** sees every change before and after it took effect; what it throws is thrown to the caller */
  observer: ((moment: string) => void) | undefined;

  change(what: string, keys: readonly ForgeKey[]): void {
    this.observer?.(`before ${what}`);
    this.keys = [...keys];
    this.observer?.(`after ${what}`);
  }

  keysOf(repository: string): readonly ForgeKey[] {
    return this.keys.filter((key) => key.repository === repository);
  }
}

interface Entry {
  readonly readOnly: boolean;
  state: DeployKeyState;
  /** the work that is under way; resolved when nothing is */
  work: Promise<void>;
}

/** DeployKeys at a FakeForge. */
export class FakeDeployKeys implements DeployKeys {
  readonly #forge: FakeForge;
  readonly #entries = new Map<string, Entry>();

  constructor(forge: FakeForge) {
    this.#forge = forge;
  }

  ensure(
    place: DeployKeyPlace,
    { readOnly, recheck }: { readonly readOnly: boolean; readonly recheck: boolean },
    readToken: ReadToken,
  ): DeployKeyState {
    const id = JSON.stringify(place);
    const known = this.#entries.get(id);
    const isWanted = known?.readOnly === readOnly;
    if (isWanted && known.state.kind === "making") return known.state;
    if (isWanted && known.state.kind === "ready" && !(recheck && this.#isGone(known))) return known.state;
    const entry: Entry = { readOnly, state: { kind: "making" }, work: Promise.resolve() };
    // what failed is tried again, and is not said to be better before it is
    if (isWanted && known.state.kind === "failed") entry.state = known.state;
    entry.work = this.#make(place, entry, readToken);
    this.#entries.set(id, entry);
    return entry.state;
  }

  async remove(place: DeployKeyPlace, readToken: ReadToken, signal: AbortSignal): Promise<void> {
    const id = JSON.stringify(place);
    await this.#entries.get(id)?.work;
    this.#entries.delete(id);
    await this.#check(readToken, signal);
    this.#forge.change("a key is removed", this.#others(place));
  }

  #isGone({ state }: Entry): boolean {
    return state.kind === "ready" && !this.#forge.keys.some(({ version }) => version === state.key.version);
  }

  async #make(place: DeployKeyPlace, entry: Entry, readToken: ReadToken): Promise<void> {
    try {
      await this.#check(readToken, new AbortController().signal);
      const version = randomUUID();
      const { repository } = place;
      const key = { repository, title: titleOf(place), version, readOnly: entry.readOnly };
      this.#forge.change("a key is made", [...this.#others(place), key]);
      entry.state = { kind: "ready", key: { version, privateKey: `private half of ${version}` } };
    } catch (error) {
      entry.state = { kind: "failed", message: error instanceof Error ? error.message : String(error) };
    }
  }

  async #check(readToken: ReadToken, signal: AbortSignal): Promise<void> {
    const token = await readToken(signal);
    if (this.#forge.isDown) throw new DeployKeyError("the forge does not answer");
    if (token !== this.#forge.token) throw new DeployKeyError("the forge does not take the token");
  }

  #others(place: DeployKeyPlace): ForgeKey[] {
    return this.#forge.keys.filter(
      ({ repository, title }) => repository !== place.repository || title !== titleOf(place),
    );
  }
}

const titleOf = ({ bottleUid, remote }: DeployKeyPlace): string => `bot-bottle ${bottleUid}/${remote}`;
