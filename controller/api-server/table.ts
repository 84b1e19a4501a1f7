import type { ApiObject } from "../../crds/metadata.ts";
import type { TableShape } from "./resource.ts";

/** Which part of each object a row carries beside its cells. */
export type IncludeObject = "None" | "Metadata" | "Object";

/** How a table is written. */
export interface TableOptions {
  readonly includeObject: IncludeObject;
  readonly now: Date;
  /** left out after the first table of a watch */
  readonly withColumns: boolean;
}

/** Objects as the Table that `kubectl get` prints. */
export function tableOf(
  shape: TableShape,
  objects: readonly ApiObject[],
  metadata: object,
  options: TableOptions,
): object {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: options.withColumns
      ? shape.columns.map(({ format = "", ...column }) => ({ ...column, format }))
      : null,
    rows: objects.map((object) => ({
      cells: shape.cells(object, options.now),
      ...includedPart(object, options.includeObject),
    })),
  };
}

function includedPart(object: ApiObject, include: IncludeObject): { object?: object } {
  switch (include) {
    case "None":
      return {};
    case "Metadata":
      return { object: partialObjectOf(object) };
    case "Object":
      return { object };
    default:
      return include satisfies never;
  }
}

/** An object's metadata alone. */
export const partialObjectOf = ({ metadata }: ApiObject): object => ({
  kind: "PartialObjectMetadata",
  apiVersion: "meta.k8s.io/v1",
  metadata,
});
