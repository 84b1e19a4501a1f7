import type { ApiObject } from "../../../crds/metadata.ts";
import type { Row } from "./log.ts";

/** The object of a row, a new one at every call; its resource version is the row's id. */
export function objectOf<T extends ApiObject>(row: Pick<Row, "id" | "object">): T {
  const object = JSON.parse(row.object) as T;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(row.id) } };
}

/** The JSON of an object as a row holds it: without its version, which it does not have before it is written. */
export function textOf(object: ApiObject): string {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return JSON.stringify({ ...object, metadata });
}
