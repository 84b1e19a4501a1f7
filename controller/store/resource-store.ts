import type { ApiObject } from "../../crds/metadata.ts";
import type { ResourceDefinition } from "../../crds/resources.ts";
import type {
  Draft,
  ListOptions,
  ObjectList,
  ObjectRef,
  WatchEvent,
} from "../../reconcilers/contract/resource-client.ts";

export interface Preconditions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

export interface StoreWatch<T> extends AsyncIterable<WatchEvent<T>> {
  close(): void;
}

/**
 * Objects and their history, with the semantics of the Kubernetes API below
 * admission: uid, resource version, generation, finalizers, a status that only
 * `updateStatus` writes, optimistic concurrency. Calls are synchronous and
 * durable when they return; errors are those of reconcilers/contract/errors.ts.
 */
export interface ResourceStore {
  get<T extends ApiObject>(of: ResourceDefinition<T>, ref: ObjectRef): T | undefined;
  list<T extends ApiObject>(of: ResourceDefinition<T>, options: ListOptions): ObjectList<T>;
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
  /** events after `resourceVersion`, then live ones; throws ExpiredError; a watcher that does not read is cut off */
  watch<T extends ApiObject>(
    of: ResourceDefinition<T>,
    options: { readonly namespace?: string | undefined; readonly resourceVersion: string },
  ): StoreWatch<T>;
  /** the newest resource version of the store */
  readonly resourceVersion: string;
  close(): void;
}
