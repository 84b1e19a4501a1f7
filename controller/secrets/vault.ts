import { createHmac, randomBytes } from "node:crypto";
import { HOSTS_ANNOTATION, secrets } from "../../crds/core.ts";
import type { ObjectRef, ResourceClient } from "../../reconcilers/contract/resource-client.ts";
import type { SecretFacts, SecretKeyFacts, SecretSource } from "../../reconcilers/contract/secret-source.ts";
import { anyShare, type Clock } from "../engine/index.ts";
import { isSameFeed, type Feed, type FeedRef, ttlOf } from "./feed.ts";
import { FeedReader, type FedValue } from "./feed-reader.ts";
import { Renewals } from "./renewals.ts";

/** How long a feed that failed is left alone: a command may be slow, or ask a person. */
export const RETRY_FEED_MS = 60_000;

/** What was written of a Secret. */
export interface WrittenSecret {
  /** all keys that the Secret has now */
  readonly keys: readonly string[];
  /** the values that came with the write */
  readonly values: ReadonlyMap<string, Buffer>;
}

/**
 * Secret values, in memory only. They are kept by the uid of their Secret, so
 * a new Secret under an old name starts with nothing.
 */
export interface SecretVault extends SecretSource {
  /** takes over new values; a key without one keeps the held one, keys that are no longer there are forgotten */
  hold(uid: string, written: WrittenSecret): void;
  /** succeeds when nothing is held */
  forget(uid: string): void;
  /** says whom to tell when a value was renewed or its time is over; the last one said counts */
  whenRenewed(tell: (ref: ObjectRef) => void): void;
  /** ends what is under way; values are not renewed any more */
  close(): void;
}

/** Where the vault looks things up. */
export interface SecretVaultDependencies {
  /** for the Secret objects, which hold key names and the annotation of hosts */
  readonly client: ResourceClient;
  /** what feeds secrets whose value is not held; may throw, with a message for people */
  readonly feeds: () => readonly Feed[];
  readonly clock: Clock;
  /** 0 to 1; default: any */
  readonly random?: () => number;
}

interface Held {
  readonly value: string;
  readonly version: string;
  /** the feed that gave it; undefined: it was written */
  readonly fedBy: string | undefined;
}

/** A key of a Secret, with where its value is kept. */
interface Place {
  readonly uid: string;
  readonly ref: FeedRef;
}

const idOf = ({ uid, ref }: Place): string => `${uid}/${ref.key}`;

/** A vault that holds nothing yet. */
export function createSecretVault(dependencies: SecretVaultDependencies): SecretVault {
  return new MemoryVault(dependencies);
}

class MemoryVault implements SecretVault {
  readonly #dependencies: SecretVaultDependencies;
  /** versions must tell values apart and tell nothing about them: a plain hash could be searched */
  readonly #versionKey = randomBytes(32);
  readonly #held = new Map<string, Map<string, Held>>();
  readonly #problems = new Map<string, { readonly problem: string; readonly until: number }>();
  readonly #reading = new Map<string, Promise<void>>();
  /** places whose feed was looked at since their value was written */
  readonly #settled = new Set<string>();
  /** places whose value was good for a time that is over */
  readonly #expired = new Set<string>();
  readonly #reader = new FeedReader();
  readonly #renewals: Renewals;
  readonly #end = new AbortController();
  #tell: (ref: ObjectRef) => void = () => undefined;

  constructor(dependencies: SecretVaultDependencies) {
    this.#dependencies = dependencies;
    this.#renewals = new Renewals(dependencies.clock, dependencies.random ?? anyShare);
  }

  whenRenewed(tell: (ref: ObjectRef) => void): void {
    this.#tell = tell;
  }

  close(): void {
    this.#end.abort();
    this.#renewals.close();
  }

  hold(uid: string, { keys, values }: WrittenSecret): void {
    const before = this.#held.get(uid);
    this.#forgetPlaces(uid, (key) => !keys.includes(key) || values.has(key));
    // what feeds a key may have been written anew beside it
    for (const key of keys) this.#settled.delete(`${uid}/${key}`);
    const next = new Map<string, Held>();
    for (const key of keys) {
      const bytes = values.get(key);
      const held = bytes === undefined ? before?.get(key) : this.#heldOf(bytes);
      if (held !== undefined) next.set(key, held);
      this.#problems.delete(`${uid}/${key}`);
    }
    this.#held.set(uid, next);
  }

  forget(uid: string): void {
    this.#forgetPlaces(uid, () => true);
    this.#held.delete(uid);
    for (const places of [this.#problems, this.#reading, this.#settled]) {
      for (const place of places.keys()) if (place.startsWith(`${uid}/`)) places.delete(place);
    }
  }

  async facts(ref: ObjectRef, signal: AbortSignal): Promise<SecretFacts | undefined> {
    const secret = await this.#dependencies.client.get(secrets, ref, signal);
    if (secret === undefined) return undefined;
    const { uid, annotations, namespace = "default", name } = secret.metadata;
    const keys = await Promise.all(
      Object.keys(secret.data ?? {}).map(async (key): Promise<[string, SecretKeyFacts]> => {
        const place = { uid, ref: { namespace, name, key } };
        const held = await this.#read(place, signal);
        if (held !== undefined) return [key, { version: held.version }];
        const id = idOf(place);
        const facts = { version: undefined, problem: this.#problems.get(id)?.problem };
        return [key, this.#expired.has(id) ? { ...facts, isExpired: true } : facts];
      }),
    );
    return { hosts: hostsIn(annotations?.[HOSTS_ANNOTATION]), keys: Object.fromEntries(keys) };
  }

  async value(
    ref: ObjectRef,
    key: string,
    signal: AbortSignal,
  ): Promise<Pick<Held, "value" | "version"> | undefined> {
    const secret = await this.#dependencies.client.get(secrets, ref, signal);
    if (secret === undefined || !Object.hasOwn(secret.data ?? {}, key)) return undefined;
    const { uid, namespace = "default", name } = secret.metadata;
    const held = await this.#read({ uid, ref: { namespace, name, key } }, signal);
    return held === undefined ? undefined : { value: held.value, version: held.version };
  }

  /** The held value, or the one that its feed gives; passes that ask together wait for one reading. */
  async #read(place: Place, signal: AbortSignal): Promise<Held | undefined> {
    const id = idOf(place);
    if (this.#renewals.isOverdue(id)) this.#expire(place);
    if (this.#isHeldForGood(place)) return this.#heldAt(place);
    if ((this.#problems.get(id)?.until ?? 0) > this.#now()) return undefined;
    let reading = this.#reading.get(id);
    if (reading === undefined) {
      reading = this.#readFeed(place, signal).finally(() => this.#reading.delete(id));
      this.#reading.set(id, reading);
    }
    await reading;
    return this.#heldAt(place);
  }

  /** Whether the held value stays. Of one that was written it is looked up, once, whether it is good for a time only. */
  #isHeldForGood(place: Place): boolean {
    const id = idOf(place);
    const held = this.#heldAt(place);
    if (held === undefined || this.#settled.has(id)) return held !== undefined;
    let feed: Feed | undefined;
    try {
      feed = this.#feedOf(place.ref);
    } catch {
      return true; // asked again in the next pass; it is said of values that are missing
    }
    this.#settled.add(id);
    if (feed === undefined || held.fedBy === JSON.stringify(feed)) return true;
    if (feed.oauth !== undefined) {
      // access tokens come in the place of what was written
      this.#held.get(place.uid)?.delete(place.ref.key);
      return false;
    }
    this.#begin(place, ttlOf(feed));
    return true;
  }

  async #readFeed(place: Place, signal: AbortSignal): Promise<void> {
    const id = idOf(place);
    try {
      const feed = this.#feedOf(place.ref);
      if (feed === undefined) return;
      const fed = await this.#reader.read(feed, signal);
      // the Secret was deleted meanwhile, or a value was written, which is newer
      if (this.#reading.has(id) && this.#heldAt(place) === undefined) this.#take(place, fed, feed);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      this.#note(place, error);
    }
  }

  #take(place: Place, { bytes, lifetimeMs }: FedValue, feed: Feed): void {
    const { uid, ref } = place;
    const held = this.#held.get(uid) ?? new Map<string, Held>();
    held.set(ref.key, this.#heldOf(bytes, feed));
    this.#held.set(uid, held);
    this.#problems.delete(idOf(place));
    this.#expired.delete(idOf(place));
    this.#settled.add(idOf(place));
    this.#begin(place, lifetimeMs);
  }

  #begin(place: Place, lifetimeMs: number | undefined): void {
    if (lifetimeMs === undefined) return;
    this.#renewals.begin(idOf(place), lifetimeMs, {
      renew: (isCurrent) => this.#renew(place, isCurrent),
      expire: () => this.#expire(place),
    });
  }

  async #renew(place: Place, isCurrent: () => boolean): Promise<boolean> {
    const before = this.#heldAt(place);
    try {
      const feed = this.#feedOf(place.ref);
      if (feed === undefined) return false;
      const fed = await this.#reader.read(feed, this.#end.signal);
      if (!isCurrent()) return true;
      this.#take(place, fed, feed);
      if (this.#heldAt(place)?.version !== before?.version) this.#tell(place.ref);
      return true;
    } catch (error) {
      if (isCurrent()) this.#note(place, error);
      return false;
    }
  }

  /** Nothing that is not good any more is handed out. */
  #expire(place: Place): void {
    this.#renewals.cancel(idOf(place));
    this.#held.get(place.uid)?.delete(place.ref.key);
    this.#expired.add(idOf(place));
    this.#tell(place.ref);
  }

  #note(place: Place, error: unknown): void {
    const problem = { problem: (error as Error).message, until: this.#now() + RETRY_FEED_MS };
    this.#problems.set(idOf(place), problem);
  }

  #forgetPlaces(uid: string, isGone: (key: string) => boolean): void {
    for (const key of this.#held.get(uid)?.keys() ?? []) {
      if (isGone(key)) this.#renewals.cancel(`${uid}/${key}`);
    }
    for (const id of this.#expired) {
      if (id.startsWith(`${uid}/`) && isGone(id.slice(uid.length + 1))) this.#expired.delete(id);
    }
  }

  /** What feeds a key. Throws when secrets.yaml cannot be read. */
  #feedOf(ref: FeedRef): Feed | undefined {
    return this.#dependencies.feeds().find((candidate) => isSameFeed(candidate, ref));
  }

  #heldAt({ uid, ref }: Place): Held | undefined {
    return this.#held.get(uid)?.get(ref.key);
  }

  #heldOf(bytes: Buffer, feed?: Feed): Held {
    const version = createHmac("sha256", this.#versionKey).update(bytes).digest("hex").slice(0, 16);
    return {
      value: bytes.toString("utf8"),
      version,
      fedBy: feed === undefined ? undefined : JSON.stringify(feed),
    };
  }

  #now(): number {
    return this.#dependencies.clock.now().getTime();
  }
}

/** The destinations in the annotation, which separates them by commas. */
function hostsIn(annotation: string | undefined): string[] {
  return (annotation ?? "").split(",").flatMap((host) => host.trim() || []);
}
