import type { ResourceDefinition } from "./resources.ts";
import { fieldErrorsOf } from "./validation/describe-issue.ts";
import type { FieldError } from "./validation/field-error.ts";
import { metadataErrors } from "./validation/metadata-rules.ts";

export type { FieldError } from "./validation/field-error.ts";

/** What stands in for the fields of metadata that the server fills in. */
const GIVEN_BY_SERVER = { uid: "", resourceVersion: "", creationTimestamp: "" };

/**
 * What is wrong with an object that somebody sends, whole: unknown fields, types, values, rules across fields and
 * metadata. Empty for an object that may be stored.
 *
 * Pure, and throws for no JSON value. Rules across the fields of an object are only looked at once each of its fields is
 * well-formed. Messages quote no values but keys and those of closed lists.
 */
export function validate(definition: ResourceDefinition, object: unknown): FieldError[] {
  if (!isRecord(object)) {
    return [{ path: "", reason: "FieldValueTypeInvalid", message: "must be an object" }];
  }
  const parsed = definition.schema.safeParse({ ...object, metadata: standIn(object["metadata"]) });
  const issues = parsed.success ? [] : parsed.error.issues;
  return [
    ...metadataErrors(definition, object),
    ...issues
      .filter((issue) => issue.code === "custom" || issue.path[0] !== "metadata")
      .flatMap((issue) => fieldErrorsOf(issue, definition.schema, object)),
  ];
}

/** One line for all errors, as a Status message or on a terminal. */
export function describeErrors(errors: readonly FieldError[]): string {
  return errors.map(({ path, message }) => (path === "" ? message : `${path} ${message}`)).join("; ");
}

/** metadata that the schema of a stored object accepts; its own rules are those of metadataErrors. */
function standIn(metadata: unknown): Record<string, unknown> {
  const name = isRecord(metadata) && typeof metadata["name"] === "string" ? metadata["name"] : "";
  return { ...GIVEN_BY_SERVER, name };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
