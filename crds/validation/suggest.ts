import { closest, distance } from "fastest-levenshtein";
import type * as z from "zod";
import { fieldPaths, fieldsAt } from "./schema-fields.ts";

/** The known word that a mistyped one is near to; undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const lower = word.toLowerCase().replaceAll(/[-_]/g, "");
  const best = closest(lower, [...known]);
  return distance(lower, best.toLowerCase()) <= Math.max(1, Math.floor(best.length / 3)) ? best : undefined;
}

/**
 * What somebody who wrote an unknown field probably meant: a field of nearly the same name at that place, else
 * one of exactly that name elsewhere, else the list of what there is.
 */
export function adviceForUnknownField(schema: z.ZodType, path: readonly PropertyKey[], name: string): string {
  const here = fieldsAt(schema, path);
  const near = nearest(name, here);
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`;

  const elsewhere = [...fieldPaths(schema)].find((at) => at[0] === "spec" && at.at(-1) === name);
  if (elsewhere !== undefined) return `did you mean ${elsewhere.join(".")}?`;
  return here.length === 0 ? "remove it" : `known here: ${here.join(", ")}`;
}
