import type { ApiObject } from "../../crds/metadata.ts";
import type { ResourceDefinition } from "../../crds/resources.ts";
import type { Draft } from "../../reconcilers/contract/resource-client.ts";

/** A copy without the fields that the schema does not know, as a real API server prunes them. */
export function withoutUnknownFields(of: ResourceDefinition, object: Draft<ApiObject>): Draft<ApiObject> {
  const copy = structuredClone(object);
  const parsed = of.schema.safeParse(copy);
  for (const issue of parsed.success ? [] : parsed.error.issues) {
    if (issue.code !== "unrecognized_keys") continue;
    const parent = issue.path.reduce<unknown>(
      (value, key) => (value as Record<PropertyKey, unknown>)[key],
      copy,
    );
    for (const key of issue.keys) delete (parent as Record<string, unknown>)[key];
  }
  return copy;
}
