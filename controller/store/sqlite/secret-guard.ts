import type { ApiObject } from "../../../crds/metadata.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * Throws when a Secret with a value in it is about to be stored. Whoever writes
 * Secrets takes the values out first; this makes a mistake there an error and
 * not a credential on disk. The message names the Secret and never its content.
 */
export function assertNoSecretValue(object: ApiObject): void {
  if (object.kind !== "Secret") return;
  const { data, stringData, metadata } = object as ApiObject & { data?: object; stringData?: object };
  const holdsValue =
    Object.values(data ?? {}).some((value) => value !== "") ||
    Object.keys(stringData ?? {}).length > 0 ||
    Object.hasOwn(metadata.annotations ?? {}, LAST_APPLIED);
  if (holdsValue)
    throw new Error(`the Secret ${metadata.name} reached the store with a value in it; it was not stored`);
}
