import type * as z from "zod";
import { type FieldError, fieldPath } from "./field-error.ts";
import { adviceForUnknownField, nearest } from "./suggest.ts";

type Issue = z.core.$ZodIssue;

/** One issue of zod in our words. Never quotes a value but of a closed list, because values may be private. */
export function fieldErrorsOf(issue: Issue, schema: z.ZodType, object: unknown): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => ({
      path: fieldPath([...issue.path, name]),
      reason: "FieldUnknown",
      message: `is not a field; ${adviceForUnknownField(schema, issue.path, name)}`,
    }));
  }
  return [{ path: fieldPath(issue.path), ...describe(issue, valueAt(object, issue.path)) }];
}

function describe(issue: Issue, value: unknown): Omit<FieldError, "path"> {
  if (value === undefined && issue.code !== "custom") {
    return { reason: "FieldValueRequired", message: `is required${wanted(issue)}` };
  }
  switch (issue.code) {
    case "invalid_type":
      return { reason: "FieldValueTypeInvalid", message: wrongType(issue.expected, value) };
    case "invalid_value":
      return { reason: "FieldValueNotSupported", message: notSupported(issue.values.map(String), value) };
    case "too_big":
      return tooBig(issue);
    case "too_small":
      return { reason: "FieldValueInvalid", message: tooSmall(issue) };
    default:
      return { reason: "FieldValueInvalid", message: issue.message };
  }
}

function wanted(issue: Issue): string {
  if (issue.code === "invalid_value") return `: one of ${issue.values.map(String).join(", ")}`;
  return issue.code === "invalid_type" ? `: ${article(issue.expected)}` : "";
}

function wrongType(expected: string, value: unknown): string {
  if (value === null) return `is empty (null): give ${article(expected)}, or leave the field out`;
  if (expected === "string" && (typeof value === "number" || typeof value === "boolean")) {
    return `must be ${article(expected)}, not ${article(typeOf(value))}: put it in quotes`;
  }
  return `must be ${article(expected)}, not ${article(typeOf(value))}`;
}

function notSupported(values: readonly string[], value: unknown): string {
  const near = typeof value === "string" ? nearest(value, values) : undefined;
  const advice = near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
  return `must be ${values.length === 1 ? "" : "one of "}${values.join(", ")}${advice}`;
}

function tooBig(issue: z.core.$ZodIssueTooBig): Omit<FieldError, "path"> {
  const most = issue.maximum.toString();
  if (issue.origin === "string")
    return { reason: "FieldValueTooLong", message: `is longer than ${most} characters` };
  if (issue.origin === "array")
    return { reason: "FieldValueTooMany", message: `has more than ${most} entries` };
  return { reason: "FieldValueInvalid", message: `must be ${most} or less` };
}

function tooSmall(issue: z.core.$ZodIssueTooSmall): string {
  if (issue.origin === "string") return "is empty: give a value, or leave the field out";
  if (issue.origin === "array") return "is an empty list: name at least one, or leave the field out";
  return `must be ${issue.minimum.toString()} or more`;
}

function article(type: string): string {
  if (type === "int" || type === "integer") return "a whole number";
  if (type === "array") return "a list";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? "array" : typeof value;
}

function valueAt(object: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, part)
        ? (value as Record<PropertyKey, unknown>)[part]
        : undefined,
    object,
  );
}
