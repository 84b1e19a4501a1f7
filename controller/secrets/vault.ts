import { createHmac, randomBytes } from "node:crypto";
import { HOSTS_ANNOTATION, secrets } from "../../crds/core.ts";
import type { ObjectRef, ResourceClient } from "../../reconcilers/contract/resource-client.ts";
import type { SecretFacts, SecretKeyFacts, SecretSource } from "../../reconcilers/contract/secret-source.ts";
import type { Clock } from "../engine/index.ts";
import { isSameFeed, type Feed, type FeedRef } from "./feed.ts";
import { readFeed } from "./read-feed.ts";

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
}

/** Where the vault looks things up. */
export interface SecretVaultDependencies {
  /** for the Secret objects, which hold key names and the annotation of hosts */
  readonly client: ResourceClient;
  /** what feeds secrets whose value is not held; may throw, with a message for people */
  readonly feeds: () => readonly Feed[];
  readonly clock: Clock;
}

interface Held {
  readonly value: string;
  readonly version: string;
}

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

  constructor(dependencies: SecretVaultDependencies) {
    this.#dependencies = dependencies;
  }

  hold(uid: string, { keys, values }: WrittenSecret): void {
    const before = this.#held.get(uid);
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
    this.#held.delete(uid);
    for (const places of [this.#problems, this.#reading]) {
      for (const place of places.keys()) if (place.startsWith(`${uid}/`)) places.delete(place);
    }
  }

  async facts(ref: ObjectRef, signal: AbortSignal): Promise<SecretFacts | undefined> {
    const secret = await this.#dependencies.client.get(secrets, ref, signal);
    if (secret === undefined) return undefined;
    const { uid, annotations, namespace = "default", name } = secret.metadata;
    const keys = await Promise.all(
      Object.keys(secret.data ?? {}).map(async (key): Promise<[string, SecretKeyFacts]> => {
        const held = await this.#read(uid, { namespace, name, key }, signal);
        const problem = held === undefined ? this.#problems.get(`${uid}/${key}`)?.problem : undefined;
        return [key, { version: held?.version, problem }];
      }),
    );
    return { hosts: hostsIn(annotations?.[HOSTS_ANNOTATION]), keys: Object.fromEntries(keys) };
  }

  async value(ref: ObjectRef, key: string, signal: AbortSignal): Promise<Held | undefined> {
    const secret = await this.#dependencies.client.get(secrets, ref, signal);
    if (secret === undefined || !Object.hasOwn(secret.data ?? {}, key)) return undefined;
    const { uid, namespace = "default", name } = secret.metadata;
    return await this.#read(uid, { namespace, name, key }, signal);
  }

  /** The held value, or the one that its feed gives; passes that ask together wait for one reading. */
  async #read(uid: string, ref: FeedRef, signal: AbortSignal): Promise<Held | undefined> {
    const place = `${uid}/${ref.key}`;
    if (this.#held.get(uid)?.has(ref.key) === true) return this.#held.get(uid)?.get(ref.key);
    if ((this.#problems.get(place)?.until ?? 0) > this.#now()) return undefined;
    let reading = this.#reading.get(place);
    if (reading === undefined) {
      reading = this.#readFeed(uid, ref, signal).finally(() => this.#reading.delete(place));
      this.#reading.set(place, reading);
    }
    await reading;
    return this.#held.get(uid)?.get(ref.key);
  }

  async #readFeed(uid: string, ref: FeedRef, signal: AbortSignal): Promise<void> {
    try {
      const feed = this.#dependencies.feeds().find((candidate) => isSameFeed(candidate, ref));
      if (feed === undefined) return;
      const bytes = await readFeed(feed, signal);
      // the Secret was deleted meanwhile
      if (!this.#reading.has(`${uid}/${ref.key}`)) return;
      const held = this.#held.get(uid) ?? new Map<string, Held>();
      // a value that was written meanwhile is newer
      if (!held.has(ref.key)) held.set(ref.key, this.#heldOf(bytes));
      this.#held.set(uid, held);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const problem = { problem: (error as Error).message, until: this.#now() + RETRY_FEED_MS };
      this.#problems.set(`${uid}/${ref.key}`, problem);
    }
  }

  #heldOf(bytes: Buffer): Held {
    const version = createHmac("sha256", this.#versionKey).update(bytes).digest("hex").slice(0, 16);
    return { value: bytes.toString("utf8"), version };
  }

  #now(): number {
    return this.#dependencies.clock.now().getTime();
  }
}

/** The destinations in the annotation, which separates them by commas. */
function hostsIn(annotation: string | undefined): string[] {
  return (annotation ?? "").split(",").flatMap((host) => host.trim() || []);
}
