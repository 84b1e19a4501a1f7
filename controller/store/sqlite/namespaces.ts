import type { ApiObject } from "../../../crds/metadata.ts";
import { ForbiddenError, NotFoundError } from "../../../reconcilers/contract/errors.ts";
import { objectOf } from "./row-object.ts";
import type { Key, Log, Row } from "./log.ts";

/** The namespace that is always there. */
export const DEFAULT_NAMESPACE = "default";
const RESOURCE = "namespaces";

/** Where a Namespace lives. */
export const namespaceKey = (name: string): Key => ({ resource: RESOURCE, namespace: "", name });

/** Throws NotFoundError without the namespace, ForbiddenError when it is going away. */
export function assertNamespaceTakes(log: Log, key: Key): void {
  if (key.namespace === "") return;
  const row = log.newest(namespaceKey(key.namespace));
  if (row === undefined) throw new NotFoundError(`namespaces "${key.namespace}" not found`);
  if (isTerminating(row)) {
    throw new ForbiddenError(
      `${key.resource} "${key.name}" is forbidden: unable to create new content in namespace ${key.namespace} because it is being terminated`,
    );
  }
}

/** Throws ForbiddenError for the default namespace. */
export function assertNamespaceMayGo(name: string): void {
  if (name !== DEFAULT_NAMESPACE) return;
  throw new ForbiddenError(`namespaces "${name}" is forbidden: this namespace may not be deleted`);
}

/** The row of the namespace when it is going away and nothing is left in it. */
export function emptyTerminatingNamespace(log: Log, name: string): Row | undefined {
  const row = name === "" ? undefined : log.newest(namespaceKey(name));
  if (row === undefined || !isTerminating(row)) return undefined;
  return log.inNamespace(name).length === 0 ? row : undefined;
}

const isTerminating = (row: Row): boolean =>
  objectOf<ApiObject>(row).metadata.deletionTimestamp !== undefined;
