import type { ApiObject } from "../../crds/metadata.ts";
import type { ResourceDefinition } from "../../crds/resources.ts";
import type {
  Draft,
  ListOptions,
  ObjectList,
  ObjectRef,
  WatchEvent,
} from "../../reconcilers/contract/resource-client.ts";

/** What must hold for a delete to go on. */
export interface Preconditions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** What a watch is about. */
export interface StoreWatchOptions {
  /** all namespaces when absent */
  readonly namespace?: string | undefined;
  /** an object that stops matching is reported as DELETED, one that begins to match as ADDED */
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** the watch begins after it */
  readonly resourceVersion: string;
}

/**
 * Changes in order, without end, for one reader. Throws ExpiredError when the
 * reader fell behind the history that is kept: nothing is buffered for a slow
 * one and nobody waits for it. Emits no bookmarks by itself.
 */
export interface StoreWatch<T> extends AsyncIterable<WatchEvent<T>> {
  /** every change up to this version was handed out: what a bookmark may say */
  readonly resourceVersion: string;
  /** ends the iteration, a pending read included */
  close(): void;
}

/**
 * Objects and their history, with the semantics of the Kubernetes API below
 * admission: uid, resource version, generation, finalizers, a status that only
 * `updateStatus` writes, optimistic concurrency. Calls are synchronous, so a
 * read and a write in one tick are atomic, and durable when they return.
 * Errors are those of reconcilers/contract/errors.ts.
 */
export interface ResourceStore {
  get<T extends ApiObject>(of: ResourceDefinition<T>, ref: ObjectRef): T | undefined;
  /** ordered by namespace and name; pages of one list show one moment; throws ExpiredError, InvalidError */
  list<T extends ApiObject>(of: ResourceDefinition<T>, options: ListOptions): ObjectList<T>;
  /** throws AlreadyExistsError, NotFoundError when there is no such namespace, ForbiddenError when it is going away */
  create<T extends ApiObject>(of: ResourceDefinition<T>, object: Draft<T>): T;
  /**
   * Replaces all but status. A `metadata.resourceVersion` that is present must be the newest. Bumps generation when
   * anything but metadata and status changed; an equal object is not written again. Removing the last finalizer of an
   * object that is being deleted removes it and emits DELETED.
   */
  update<T extends ApiObject>(of: ResourceDefinition<T>, object: Draft<T>): T;
  /** replaces status alone */
  updateStatus<T extends ApiObject>(of: ResourceDefinition<T>, object: Draft<T>): T;
  /** sets deletionTimestamp while there are finalizers, removes otherwise; returns the last state */
  delete<T extends ApiObject>(of: ResourceDefinition<T>, ref: ObjectRef, preconditions: Preconditions): T;
  /** throws ExpiredError when `resourceVersion` is older than the history, or not of this store */
  watch<T extends ApiObject>(of: ResourceDefinition<T>, options: StoreWatchOptions): StoreWatch<T>;
  /** runs `act` and undoes what it wrote: nothing is stored and no watcher hears of it */
  dryRun<R>(act: () => R): R;
  /** the newest resource version of the store */
  readonly resourceVersion: string;
  close(): void;
}
