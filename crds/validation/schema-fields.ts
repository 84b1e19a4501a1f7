import * as z from "zod";

/** Names of the fields that a schema has at a path of an object; none where it is no object. */
export function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const found = path.reduce<z.core.$ZodType | undefined>(below, schema);
  const object = bare(found);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

/** Paths of all fields of a schema; list items are left out of the path. */
export function* fieldPaths(
  schema: z.core.$ZodType | undefined,
  above: readonly string[] = [],
): Generator<readonly string[]> {
  const inner = bare(schema);
  if (inner instanceof z.ZodArray) yield* fieldPaths(inner.element, above);
  if (!(inner instanceof z.ZodObject)) return;
  for (const [name, field] of Object.entries(inner.shape)) {
    yield [...above, name];
    yield* fieldPaths(field as z.core.$ZodType, [...above, name]);
  }
}

function below(schema: z.core.$ZodType | undefined, part: PropertyKey): z.core.$ZodType | undefined {
  const inner = bare(schema);
  if (inner instanceof z.ZodArray) return inner.element;
  if (inner instanceof z.ZodObject) return inner.shape[String(part)] as z.core.$ZodType | undefined;
  return undefined;
}

function bare(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? bare(schema.unwrap()) : schema;
}
