import type { ApiObject } from "../../crds/metadata.ts";
import type { ResourceDefinition } from "../../crds/resources.ts";
import type {
  Draft,
  ListOptions,
  ObjectList,
  ObjectRef,
} from "../../reconcilers/contract/resource-client.ts";
import type { Preconditions, StoreWatch, StoreWatchOptions } from "../store/index.ts";

/** How the objects of a resource are found. Never hands out what a client must not see. */
export interface ResourceReader {
  get(ref: ObjectRef): ApiObject | undefined;
  list(options: ListOptions): ObjectList<ApiObject>;
  watch(options: StoreWatchOptions): StoreWatch<ApiObject>;
}

/** How a write is meant. */
export interface WriteOptions {
  /** everything but the writing itself */
  readonly dryRun: boolean;
}

/** How they are written. Synchronous, so that what is read before a write is still so when it is written. */
export interface ResourceWriter {
  create(object: Draft<ApiObject>, options: WriteOptions): ApiObject;
  update(object: Draft<ApiObject>, options: WriteOptions): ApiObject;
  updateStatus(object: Draft<ApiObject>, options: WriteOptions): ApiObject;
  delete(ref: ObjectRef, preconditions: Preconditions, options: WriteOptions): ApiObject;
}

/** A cell of a table; null where the object has no such field. */
export type Cell = string | number | null;

/** One column of a table. */
export interface TableColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly format?: "name";
  readonly description: string;
  /** 0 is always shown, 1 with -o wide */
  readonly priority: 0 | 1;
}

/** How `kubectl get` shows the objects. */
export interface TableShape {
  readonly columns: readonly TableColumn[];
  cells(object: ApiObject, now: Date): readonly Cell[];
}

/** A part of an object with a path of its own, such as its status. */
export interface Subresource {
  readonly name: string;
  /** kind of what is sent and answered, when it is not the resource's own */
  readonly kind?: string;
  readonly verbs: readonly string[];
}

/** The ways in which an object may be patched. */
export type PatchType = "json" | "merge" | "strategic";

/** How a client names them. */
export const PATCH_MEDIA_TYPES: Readonly<Record<PatchType, string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
};

/** One resource of the API: what discovery says of it, how it is read, written and shown. */
export interface ApiResource {
  readonly definition: ResourceDefinition;
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
  readonly patchTypes: readonly PatchType[];
  /** one of our kinds, served as a real API server serves custom resources; the others are Kubernetes's own */
  readonly custom: boolean;
  readonly reader: ResourceReader;
  /** absent when the resource is read-only */
  readonly writer?: ResourceWriter;
  readonly table: TableShape;
}

/** `bot-bottle.dev/v1alpha1`, or `v1` in the core group. */
export const apiVersionOf = ({ group, version }: Pick<ResourceDefinition, "group" | "version">): string =>
  group === "" ? version : `${group}/${version}`;
