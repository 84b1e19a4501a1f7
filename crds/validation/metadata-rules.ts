import * as z from "zod";
import { HOSTS_ANNOTATION } from "../core.ts";
import { isDnsLabel, isObjectName } from "../names.ts";
import { quoted } from "../text.ts";
import type { ResourceDefinition } from "../resources.ts";
import { type FieldError, fieldPath } from "./field-error.ts";
import { fieldErrorsOf } from "./describe-issue.ts";
import { hostBindingErrors } from "./host-bindings.ts";

const MAX_ANNOTATIONS_BYTES = 256 * 1024;

// kubectl writes `creationTimestamp: null` into what it creates.
const Moment = z.string().nullish();

/** metadata of an object that somebody sends: every field of Kubernetes' ObjectMeta, and no other. */
const SentMetadata = z.strictObject({
  name: z.string().optional(),
  generateName: z.string().optional(),
  namespace: z.string().optional(),
  selfLink: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.int().optional(),
  creationTimestamp: Moment,
  deletionTimestamp: Moment,
  deletionGracePeriodSeconds: z.int().nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
  ownerReferences: z
    .array(
      z.strictObject({
        apiVersion: z.string().min(1),
        kind: z.string().min(1),
        name: z.string().min(1),
        uid: z.string().min(1),
        controller: z.boolean().optional(),
        blockOwnerDeletion: z.boolean().optional(),
      }),
    )
    .nullish(),
  finalizers: z.array(z.string()).nullish(),
  managedFields: z.array(z.unknown()).nullish(),
});
type SentMetadata = z.infer<typeof SentMetadata>;

const SentObject = z.looseObject({ metadata: SentMetadata });

/** What is wrong with the metadata of an object of any kind, by the rules of Kubernetes. */
export function metadataErrors(definition: ResourceDefinition, object: unknown): FieldError[] {
  const sent = SentObject.safeParse(object);
  if (!sent.success) return sent.error.issues.flatMap((issue) => fieldErrorsOf(issue, SentObject, object));

  const { metadata } = sent.data;
  return [
    ...nameErrors(definition, metadata),
    ...namespaceErrors(definition, metadata),
    ...labelErrors(metadata.labels ?? {}),
    ...annotationErrors(metadata.annotations ?? {}),
    ...(definition.kind === "Secret"
      ? hostBindingErrors(metadata.annotations?.[HOSTS_ANNOTATION] ?? "")
      : []),
    ...finalizerErrors(metadata.finalizers ?? []),
  ];
}

const BAD_NAME = invalid(
  ["metadata", "name"],
  "must be lower-case letters, digits, '-' and (but for a Namespace) '.', and start and end with a letter or digit",
);

function nameErrors(definition: ResourceDefinition, { name, generateName }: SentMetadata): FieldError[] {
  if (name === undefined || name === "") {
    if (generateName !== undefined && generateName !== "") return [];
    return [{ path: "metadata.name", reason: "FieldValueRequired", message: "is required: name the object" }];
  }
  const { maxNameLength = 253 } = definition;
  const tooLong: FieldError = {
    path: "metadata.name",
    reason: "FieldValueTooLong",
    message: `is longer than ${maxNameLength} characters: shorten it`,
  };
  return [
    ...(isName(definition, name) ? [] : [BAD_NAME]),
    ...(name.length <= maxNameLength ? [] : [tooLong]),
  ];
}

// A Namespace's name is part of other names, so Kubernetes holds it to a single label.
function isName({ group, kind }: ResourceDefinition, name: string): boolean {
  return isObjectName(name) && (group !== "" || kind !== "Namespace" || !name.includes("."));
}

function namespaceErrors(definition: ResourceDefinition, { namespace }: SentMetadata): FieldError[] {
  if (namespace === undefined || namespace === "") return [];
  if (!definition.namespaced) {
    return [
      invalid(["metadata", "namespace"], `must be left out: a ${definition.kind} belongs to no namespace`),
    ];
  }
  if (isDnsLabel(namespace)) return [];
  return [
    invalid(
      ["metadata", "namespace"],
      "must be at most 63 lower-case letters, digits and '-', as a namespace is",
    ),
  ];
}

function labelErrors(labels: Readonly<Record<string, string>>): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...keyErrors(["metadata", "labels"], key),
    ...(isLabelValue(value)
      ? []
      : [
          invalid(
            ["metadata", "labels", key],
            "must be at most 63 letters, digits, '-', '_' and '.', and start and end with a letter or digit; an annotation may hold any text",
          ),
        ]),
  ]);
}

function annotationErrors(annotations: Readonly<Record<string, string>>): FieldError[] {
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  const tooLong: FieldError = {
    path: "metadata.annotations",
    reason: "FieldValueTooLong",
    message: `are larger than ${MAX_ANNOTATIONS_BYTES / 1024} KiB together: remove some`,
  };
  return [
    // Annotation keys are compared in lower case (Kubernetes, validation.ValidateAnnotations).
    ...Object.keys(annotations).flatMap((key) =>
      keyErrors(["metadata", "annotations"], key, key.toLowerCase()),
    ),
    ...(bytes > MAX_ANNOTATIONS_BYTES ? [tooLong] : []),
  ];
}

function finalizerErrors(finalizers: readonly string[]): FieldError[] {
  return finalizers.flatMap((finalizer, index) =>
    isQualifiedName(finalizer)
      ? []
      : [invalid(["metadata", "finalizers", index], "must be a qualified name, such as example.com/cleanup")],
  );
}

function keyErrors(path: readonly string[], key: string, compared: string = key): FieldError[] {
  if (isQualifiedName(compared)) return [];
  return [
    invalid(
      path,
      `have the key ${quoted(key)}, which must be [prefix/]name: a DNS name, then at most 63 letters, digits, '-', '_' and '.'`,
    ),
  ];
}

function isQualifiedName(key: string): boolean {
  const [name = "", prefix, ...rest] = key.split("/").toReversed();
  return name !== "" && isLabelValue(name) && rest.length === 0 && (prefix === undefined || isPrefix(prefix));
}

function isPrefix(text: string): boolean {
  return text.length <= 253 && isObjectName(text);
}

function isLabelValue(value: string): boolean {
  return value === "" || (value.length <= 63 && /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(value));
}

function invalid(path: readonly (string | number)[], message: string): FieldError {
  return { path: fieldPath(path), reason: "FieldValueInvalid", message };
}
