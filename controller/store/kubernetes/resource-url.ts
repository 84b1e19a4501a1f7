import type { ResourceDefinition } from "../../../crds/resources.ts";
import type { ObjectRef } from "../../../reconcilers/contract/resource-client.ts";

/** Path of a kind: of one namespace, or of all when it is undefined. */
export function collectionPath(of: ResourceDefinition, namespace: string | undefined): string {
  const group = of.group === "" ? `/api/${of.version}` : `/apis/${of.group}/${of.version}`;
  const place =
    of.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${group}${place}/${of.plural}`;
}

/** Path of one object; without a namespace it is in `default`. */
export function objectPath(of: ResourceDefinition, { namespace = "default", name }: ObjectRef): string {
  return `${collectionPath(of, namespace)}/${encodeURIComponent(name)}`;
}
