import type { DatabaseSync } from "node:sqlite";
import { namespaces as namespaceDefinition } from "../../../crds/core.ts";
import type { ApiObject } from "../../../crds/metadata.ts";
import type { ResourceDefinition } from "../../../crds/resources.ts";
import {
  AlreadyExistsError,
  ConflictError,
  ExpiredError,
  NotFoundError,
} from "../../../reconcilers/contract/errors.ts";
import type {
  Draft,
  ListOptions,
  ObjectList,
  ObjectRef,
} from "../../../reconcilers/contract/resource-client.ts";
import type { Clock } from "../../engine/index.ts";
import type { Preconditions, ResourceStore, StoreWatch, StoreWatchOptions } from "../resource-store.ts";
import { parseSelectors } from "../selectors.ts";
import { continueToken, parseContinueToken } from "./continue-token.ts";
import { describeObject, resourceName } from "./describe.ts";
import { Log, type Key, type Row } from "./log.ts";
import { LogWatch } from "./log-watch.ts";
import { DEFAULT_NAMESPACE } from "./namespaces.ts";
import { createdObject, isSameObject, updatedObject, withStatus, type Stored } from "./next-object.ts";
import { objectOf } from "./row-object.ts";
import { Transactions } from "./transactions.ts";
import { Writer } from "./writer.ts";

/** What the store is made of; closing it closes both. */
export interface SqliteStoreOptions {
  readonly database: DatabaseSync;
  readonly file: string;
  readonly clock: Clock;
  /** called once, when the store closes */
  readonly unlock: () => void;
}

/** ResourceStore on SQLite: an append-only log whose row ids are the resource versions. */
export class SqliteStore implements ResourceStore {
  readonly #options: SqliteStoreOptions;
  readonly #log: Log;
  readonly #writer: Writer;
  readonly #transactions: Transactions;
  readonly #listeners = new Set<() => void>();
  #closed = false;

  constructor(options: SqliteStoreOptions) {
    this.#options = options;
    this.#log = new Log(options.database);
    this.#writer = new Writer(this.#log, options.clock);
    this.#transactions = new Transactions(options.database, options.file, () => this.#tell());
    this.#transactions.commit(() => {
      this.#writer.compact();
      const ref = { name: DEFAULT_NAMESPACE };
      if (this.#find(namespaceDefinition, ref) === undefined) {
        this.create(namespaceDefinition, { apiVersion: "v1", kind: "Namespace", metadata: ref });
      }
    });
  }

  get resourceVersion(): string {
    return this.#transactions.read(() => String(this.#log.newestId));
  }

  get<T extends ApiObject>(of: ResourceDefinition<T>, ref: ObjectRef): T | undefined {
    return this.#transactions.read(() => this.#find(of, ref));
  }

  list<T extends ApiObject>(of: ResourceDefinition<T>, options: ListOptions): ObjectList<T> {
    const from = options.continue === undefined ? undefined : parseContinueToken(options.continue);
    const matches = parseSelectors(of, options);
    return this.#transactions.read(() => {
      const at = from?.at ?? this.#log.newestId;
      this.#assertInHistory(
        at,
        "The provided continue parameter is too old; start the list again without it",
      );
      const rows = from
        ? this.#log.listAt(resourceName(of), options.namespace, from)
        : this.#log.list(resourceName(of), options.namespace);
      const page = pageOf<T>(rows, options.limit, matches);
      const { last, items } = page;
      if (last === undefined) return { items, resourceVersion: String(at) };
      return { items, resourceVersion: String(at), continue: continueToken({ at, ...last }) };
    });
  }

  create<T extends ApiObject>(of: ResourceDefinition<T>, object: Draft<T>): T {
    return this.#transactions.commit(() => {
      const key = keyOf(of, object.metadata);
      this.#writer.assertNamespaceTakes(key);
      if (this.#log.newest(key) !== undefined) {
        throw new AlreadyExistsError(`${describeObject(of, key.name)} already exists`);
      }
      const made = { namespace: key.namespace, now: this.#options.clock.now() };
      const created = createdObject(of, object as Draft<Stored>, made);
      return this.#writer.add(key, created) as ApiObject as T;
    });
  }

  update<T extends ApiObject>(of: ResourceDefinition<T>, object: Draft<T>): T {
    return this.#replace(of, object, (stored, draft) => updatedObject(of, stored, draft));
  }

  updateStatus<T extends ApiObject>(of: ResourceDefinition<T>, object: Draft<T>): T {
    return this.#replace(of, object, (stored, draft) => withStatus(of, stored, draft));
  }

  delete<T extends ApiObject>(of: ResourceDefinition<T>, ref: ObjectRef, preconditions: Preconditions): T {
    return this.#transactions.commit(() => {
      const key = keyOf(of, ref);
      const row = this.#require(of, key);
      const { uid, resourceVersion } = objectOf<T>(row).metadata;
      for (const [wanted, found] of [
        [preconditions.uid, uid],
        [preconditions.resourceVersion, resourceVersion],
      ]) {
        if (wanted === undefined || wanted === found) continue;
        throw new ConflictError(
          `Operation cannot be fulfilled on ${describeObject(of, key.name)}: the precondition ${wanted} does not match ${found}`,
        );
      }
      return this.#writer.remove(row) as ApiObject as T;
    });
  }

  watch<T extends ApiObject>(of: ResourceDefinition<T>, options: StoreWatchOptions): StoreWatch<T> {
    const matches = parseSelectors(of, options);
    const after = Number(options.resourceVersion);
    this.#transactions.read(() =>
      this.#assertInHistory(
        after,
        `The resourceVersion for the provided watch is too old: ${options.resourceVersion}`,
      ),
    );
    const source = {
      log: this.#log,
      resource: resourceName(of),
      namespace: options.namespace,
      matches,
      onChange: (call: () => void) => {
        this.#listeners.add(call);
        return () => void this.#listeners.delete(call);
      },
      isClosed: () => this.#closed,
    };
    return new LogWatch<T>(source, after);
  }

  dryRun<R>(act: () => R): R {
    return this.#transactions.undo(act);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tell();
    this.#options.database.close();
    this.#options.unlock();
  }

  #replace<T extends ApiObject>(
    of: ResourceDefinition<T>,
    draft: Draft<T>,
    next: (stored: Stored, draft: Draft<Stored>) => Stored,
  ): T {
    return this.#transactions.commit(() => {
      const row = this.#require(of, keyOf(of, draft.metadata));
      const stored = objectOf<Stored>(row);
      const object = next(stored, draft as Draft<Stored>);
      if (isSameObject(stored, object)) return stored as ApiObject as T;
      return this.#writer.replace(row, object) as ApiObject as T;
    });
  }

  #find<T extends ApiObject>(of: ResourceDefinition<T>, ref: ObjectRef): T | undefined {
    const row = this.#log.newest(keyOf(of, ref));
    return row === undefined ? undefined : objectOf<T>(row);
  }

  #require(of: ResourceDefinition, key: Key): Row {
    const row = this.#log.newest(key);
    if (row === undefined) throw new NotFoundError(`${describeObject(of, key.name)} not found`);
    return row;
  }

  /** A version from the future is of another database: whoever holds it has to list again. */
  #assertInHistory(version: number, message: string): void {
    if (version >= this.#log.floor && version <= this.#log.newestId) return;
    throw new ExpiredError(message);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function keyOf(of: ResourceDefinition, ref: ObjectRef): Key {
  const namespace = of.namespaced ? (ref.namespace ?? DEFAULT_NAMESPACE) : "";
  return { resource: resourceName(of), namespace, name: ref.name };
}

/** The first matching objects; `last` when there are more behind it. */
function pageOf<T extends ApiObject>(
  rows: Iterable<Row>,
  limit: number | undefined,
  matches: ((object: ApiObject) => boolean) | undefined,
): { readonly items: T[]; readonly last?: { readonly namespace: string; readonly name: string } } {
  const items: T[] = [];
  let last: Row | undefined;
  for (const row of rows) {
    const object = objectOf<T>(row);
    if (matches !== undefined && !matches(object)) continue;
    if (limit !== undefined && limit > 0 && items.length === limit && last !== undefined) {
      return { items, last: { namespace: last.namespace, name: last.name } };
    }
    items.push(object);
    last = row;
  }
  return { items };
}
