import { badRequest } from "./status-error.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Lists of metadata that are merged entry by entry; every other list is replaced whole. */
const MERGED_LISTS: Readonly<Record<string, { readonly key: string | undefined }>> = {
  ownerReferences: { key: "uid" },
  finalizers: { key: undefined },
};
const DELETE_FROM = "$deleteFromPrimitiveList/";

/**
 * Applies a strategic merge patch, as far as the core kinds served here need
 * it: maps are merged, null removes, `$patch: replace` and `delete`,
 * `$retainKeys`, and the lists of metadata by their keys.
 */
export function strategicMerge(current: object, patch: object): object {
  return mergedMap(current as Fields, patch as Fields);
}

function mergedMap(current: Fields, patch: Fields): Fields {
  const { $patch: directive, $retainKeys: retained, ...fields } = patch;
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "replace" && directive !== "merge") {
    throw badRequest("the patch has an unknown $patch directive");
  }
  const merged = new Map(Object.entries(directive === "replace" ? {} : current));
  for (const [name, value] of Object.entries(fields)) apply(merged, name, value);
  if (Array.isArray(retained)) {
    for (const name of merged.keys()) if (!retained.includes(name)) merged.delete(name);
  }
  return Object.fromEntries(merged);
}

function apply(merged: Map<string, unknown>, name: string, value: unknown): void {
  if (name.startsWith("$setElementOrder/")) return;
  if (name.startsWith(DELETE_FROM)) {
    const list = name.slice(DELETE_FROM.length);
    merged.set(
      list,
      listOf(merged.get(list)).filter((each) => !listOf(value).includes(each)),
    );
  } else if (value === null) merged.delete(name);
  else if (Array.isArray(value)) merged.set(name, mergedList(name, listOf(merged.get(name)), value));
  else if (isMap(value)) merged.set(name, mergedMap(mapOf(merged.get(name)), value));
  else merged.set(name, value);
}

function mergedList(
  name: string,
  current: readonly unknown[],
  patch: readonly unknown[],
): readonly unknown[] {
  const rule = Object.hasOwn(MERGED_LISTS, name) ? MERGED_LISTS[name] : undefined;
  if (rule === undefined) return patch;
  const { key } = rule;
  if (key === undefined) return [...new Set([...current, ...patch])];
  const merged = new Map(current.map((each) => [mapOf(each)[key], mapOf(each)]));
  for (const each of patch.map(mapOf)) {
    if (each["$patch"] === "delete") merged.delete(each[key]);
    else merged.set(each[key], mergedMap(merged.get(each[key]) ?? {}, each));
  }
  return [...merged.values()];
}

const isMap = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const mapOf = (value: unknown): Fields => (isMap(value) ? value : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
