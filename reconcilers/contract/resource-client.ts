import type { ApiObject } from "../../crds/metadata.ts";
import type { ResourceDefinition } from "../../crds/resources.ts";

/** Names one object; `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ListOptions {
  /** all namespaces when absent */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** objects a page; all when absent */
  readonly limit?: number | undefined;
  /** token of the page before */
  readonly continue?: string | undefined;
}

export interface ObjectList<T> {
  readonly items: readonly T[];
  /** where a watch goes on from */
  readonly resourceVersion: string;
  /** token of the next page; absent on the last */
  readonly continue?: string | undefined;
}

export interface WatchOptions {
  readonly namespace?: string | undefined;
  readonly resourceVersion: string;
  /** the server ends the watch after this time */
  readonly timeoutSeconds?: number | undefined;
}

export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

/** An object to be written: what the server fills in may be absent. */
export type Draft<T extends ApiObject> = Omit<T, "metadata"> & {
  readonly metadata: Partial<T["metadata"]> & { readonly name: string };
};

/**
 * The Kubernetes API as reconcilers see it. Resource versions are opaque.
 *
 * Every method throws ApiUnavailableError when the server cannot be reached or
 * fails; that is never to be read as "does not exist". An abort of `signal`
 * rejects with its reason.
 */
export interface ResourceClient {
  /** undefined when the object does not exist */
  get<T extends ApiObject>(
    of: ResourceDefinition<T>,
    ref: ObjectRef,
    signal: AbortSignal,
  ): Promise<T | undefined>;
  /** throws ExpiredError when `continue` is too old */
  list<T extends ApiObject>(
    of: ResourceDefinition<T>,
    options: ListOptions,
    signal: AbortSignal,
  ): Promise<ObjectList<T>>;
  /** throws AlreadyExistsError, InvalidError */
  create<T extends ApiObject>(of: ResourceDefinition<T>, object: Draft<T>, signal: AbortSignal): Promise<T>;
  /** replaces all but status; throws NotFoundError, ConflictError when `metadata.resourceVersion` is not the newest, InvalidError */
  update<T extends ApiObject>(of: ResourceDefinition<T>, object: T, signal: AbortSignal): Promise<T>;
  /** merges `status` (RFC 7386) into the object's; with `resourceVersion` throws ConflictError when it is not the newest */
  patchStatus<T extends ApiObject>(
    of: ResourceDefinition<T>,
    ref: ObjectRef & { readonly resourceVersion?: string | undefined },
    status: object,
    signal: AbortSignal,
  ): Promise<T>;
  /** throws NotFoundError; with `uid` throws ConflictError when the name has another object now */
  delete<T extends ApiObject>(
    of: ResourceDefinition<T>,
    ref: ObjectRef & { readonly uid?: string | undefined },
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Changes after `resourceVersion`, until the server ends the watch, then returns.
   * Throws ExpiredError (410) when the version is too old, ApiUnavailableError when the stream breaks.
   */
  watch<T extends ApiObject>(
    of: ResourceDefinition<T>,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<T>>;
}
