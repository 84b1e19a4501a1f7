import type { ApiObject } from "../../crds/metadata.ts";
import type { PrinterColumn } from "../../crds/resources.ts";
import { ageOf } from "../age.ts";
import { readJsonPath } from "./json-path.ts";
import type { Cell, TableColumn, TableShape } from "./resource.ts";

/** The first column of every table. */
export const NAME_COLUMN: TableColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description: "name, unique within a namespace",
  priority: 0,
};

/** A table as a CRD's additionalPrinterColumns make it: the name, then one column each. */
export function tableOfPrinterColumns(columns: readonly PrinterColumn[]): TableShape {
  return {
    columns: [
      NAME_COLUMN,
      ...columns.map(({ name, type, description, priority }) => ({ name, type, description, priority })),
    ],
    cells: (object, now) => [object.metadata.name, ...columns.map((column) => cellOf(column, object, now))],
  };
}

function cellOf(column: PrinterColumn, object: ApiObject, now: Date): Cell {
  const value = readJsonPath(object, column.jsonPath);
  if (value === undefined || value === null) return null;
  if (column.type === "date") return ageOf(value, now);
  if (column.type === "integer") return typeof value === "number" ? value : null;
  return typeof value === "string" ? value : JSON.stringify(value);
}
