import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { ApiObject, ObjectMeta } from "../../../crds/metadata.ts";
import type { ResourceDefinition } from "../../../crds/resources.ts";
import { ConflictError, InvalidError } from "../../../reconcilers/contract/errors.ts";
import type { Draft } from "../../../reconcilers/contract/resource-client.ts";
import { describeObject } from "./describe.ts";

/** Any kind of object, with whatever fields it has beside those of every object. */
export type Stored = ApiObject & { readonly status?: unknown };
type Written = Draft<Stored>;

/** What an API server stores when `draft` is created in `namespace`, which is empty for a cluster-scoped kind. */
export function createdObject(
  of: ResourceDefinition,
  draft: Written,
  made: { readonly namespace: string; readonly now: Date },
): Stored {
  const { status, ...rest } = draft;
  const {
    generation: _,
    deletionTimestamp: __,
    resourceVersion: ___,
    namespace: ____,
    ...given
  } = draft.metadata;
  return plain({
    ...rest,
    metadata: {
      ...given,
      ...(made.namespace === "" ? {} : { namespace: made.namespace }),
      uid: randomUUID(),
      creationTimestamp: moment(made.now),
      ...(of.group === "" ? {} : { generation: 1 }),
    } as ObjectMeta,
    ...(of.hasStatus ? {} : { status }),
  });
}

/** What is stored when `stored` is replaced by `draft`: all but status and the server's own metadata. */
export function updatedObject(of: ResourceDefinition, stored: Stored, draft: Written): Stored {
  assertSame(of, stored, draft);
  const { status, ...rest } = draft;
  const next = plain({
    ...rest,
    metadata: { ...draft.metadata, ...serverMetadata(stored.metadata) },
    status: of.hasStatus ? stored.status : status,
  });
  assertNoNewFinalizers(of, stored, next);
  if (stored.metadata.generation === undefined || isDeepStrictEqual(content(of, stored), content(of, next))) {
    return next;
  }
  return { ...next, metadata: { ...next.metadata, generation: stored.metadata.generation + 1 } };
}

/** What is stored when the status of `stored` is replaced by that of `draft`. */
export function withStatus(of: ResourceDefinition, stored: Stored, draft: Written): Stored {
  assertSame(of, stored, draft);
  return plain({ ...stored, status: draft.status });
}

/** What is stored when `stored` is deleted and has finalizers: it is marked, and its spec counts as changed. */
export function deletingObject(stored: Stored, now: Date): Stored {
  const { generation } = stored.metadata;
  return {
    ...stored,
    metadata: {
      ...stored.metadata,
      deletionTimestamp: moment(now),
      ...(generation === undefined ? {} : { generation: generation + 1 }),
    },
  };
}

/** Whether nothing but the version differs: such a write is not stored. */
export function isSameObject(a: Stored, b: Stored): boolean {
  return isDeepStrictEqual(withoutVersion(a), withoutVersion(b));
}

/** An RFC 3339 moment in whole seconds, as Kubernetes writes it. */
const moment = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** The metadata that nobody but the server writes. */
function serverMetadata(stored: ObjectMeta): Partial<ObjectMeta> {
  const { name, namespace, uid, creationTimestamp, generation, deletionTimestamp, resourceVersion } = stored;
  return { name, namespace, uid, creationTimestamp, generation, deletionTimestamp, resourceVersion };
}

function assertSame(of: ResourceDefinition, stored: Stored, { metadata }: Written): void {
  const { uid, resourceVersion } = stored.metadata;
  const isOther = metadata.uid !== undefined && metadata.uid !== uid;
  const isOld = metadata.resourceVersion !== undefined && metadata.resourceVersion !== resourceVersion;
  if (!isOther && !isOld) return;
  throw new ConflictError(
    `Operation cannot be fulfilled on ${describeObject(of, stored.metadata.name)}: ` +
      (isOther
        ? `the object with uid ${String(metadata.uid)} is gone, this one has uid ${uid}`
        : "the object has been modified; please apply your changes to the latest version and try again"),
  );
}

function assertNoNewFinalizers(of: ResourceDefinition, stored: Stored, next: Stored): void {
  if (stored.metadata.deletionTimestamp === undefined) return;
  const known = stored.metadata.finalizers ?? [];
  const added = next.metadata.finalizers?.find((finalizer) => !known.includes(finalizer));
  if (added === undefined) return;
  throw new InvalidError(
    `${describeObject(of, stored.metadata.name)} is being deleted: the finalizer "${added}" cannot be added`,
  );
}

/** All that counts for the generation. */
function content(of: ResourceDefinition, object: Stored): object {
  const { metadata: _, status, ...rest } = object;
  return of.hasStatus ? rest : { ...rest, status };
}

function withoutVersion(object: Stored): object {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Only what JSON can say, so that a stored object equals what is read back. */
function plain(object: object): Stored {
  return JSON.parse(JSON.stringify(object)) as Stored;
}
