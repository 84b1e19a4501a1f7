import { type FieldError, validate } from "../../crds/validation.ts";
import type { ApiObject } from "../../crds/metadata.ts";
import type { Draft } from "../../reconcilers/contract/resource-client.ts";
import type { ResourceExchange } from "./exchange.ts";
import { given } from "./read.ts";
import type { ResourcePath } from "./resource-path.ts";
import { apiVersionOf } from "./resource.ts";
import { badRequest, invalid } from "./status-error.ts";
import { withoutUnknownFields } from "./unknown-fields.ts";

/** An object that may be written, and what its sender should know. */
export interface Admitted {
  readonly object: Draft<ApiObject>;
  readonly warnings: readonly string[];
}

/**
 * Checks what a client sends against the path it was sent to and against the
 * schema. Throws StatusError: 400 for the wrong place, a wrong kind and unknown
 * fields, 422 with a cause per field for values.
 */
export function admit(sent: Record<string, unknown>, exchange: ResourceExchange): Admitted {
  const { resource } = exchange;
  checkKind(sent, exchange);
  const object = placed(sent, exchange);
  const errors = validate(resource.definition, object);
  const unknown = errors.filter(({ reason }) => reason === "FieldUnknown");
  const mode = validationMode(exchange);
  if (unknown.length > 0 && mode === "Strict") throw strictDecodingError(exchange, unknown);
  const others = errors.filter((error) => !unknown.includes(error));
  if (others.length > 0) {
    const causes = others.map(({ path, reason, message }) => ({ reason, message, field: path }));
    throw invalid(resource.definition, object.metadata.name, causes);
  }
  return {
    object: unknown.length === 0 ? object : withoutUnknownFields(resource.definition, object),
    warnings: mode === "Warn" ? unknown.map(describeUnknown) : [],
  };
}

type ValidationMode = "Strict" | "Warn" | "Ignore";
const MODES: readonly ValidationMode[] = ["Strict", "Warn", "Ignore"];

/** For our kinds only Ignore loosens: a misspelt field of a boundary must not be lost in silence. */
function validationMode({ query, resource }: ResourceExchange): ValidationMode {
  const asked = given(query, "fieldValidation") ?? "Warn";
  const mode = MODES.find((each) => each === asked);
  if (mode === undefined) throw badRequest("fieldValidation must be Strict, Warn or Ignore");
  return mode === "Warn" && resource.custom ? "Strict" : mode;
}

/** in the words of Kubernetes, with our advice after them */
const describeUnknown = ({ path, message }: FieldError): string =>
  `unknown field "${path}"${message.replace(/^is not a field/, "")}`;

function strictDecodingError({ resource }: ResourceExchange, unknown: readonly FieldError[]): Error {
  const { kind, version } = resource.definition;
  const fields = unknown.map(describeUnknown).join(", ");
  return badRequest(
    `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${fields}`,
  );
}

function checkKind(sent: Record<string, unknown>, { resource }: ResourceExchange): void {
  const { definition } = resource;
  const apiVersion = apiVersionOf(definition);
  if (sent["kind"] !== undefined && sent["kind"] !== definition.kind) {
    throw badRequest(`the kind in the data does not match the expected kind (${definition.kind})`);
  }
  if (sent["apiVersion"] !== undefined && sent["apiVersion"] !== apiVersion) {
    throw badRequest(`the API version in the data does not match the expected API version (${apiVersion})`);
  }
}

/** The object with kind, version, name and namespace filled in from its path. */
function placed(sent: Record<string, unknown>, { resource, path }: ResourceExchange): Draft<ApiObject> {
  const metadata = withoutEmpty(metadataOf(sent));
  checkPlace(metadata, path);
  if (path.name !== undefined) metadata["name"] = path.name;
  if (path.namespace !== undefined) metadata["namespace"] = path.namespace;
  const { kind } = resource.definition;
  return { ...sent, apiVersion: apiVersionOf(resource.definition), kind, metadata } as Draft<ApiObject>;
}

function metadataOf({ metadata = {} }: Record<string, unknown>): Record<string, unknown> {
  if (typeof metadata === "object" && metadata !== null && !Array.isArray(metadata)) {
    return metadata as Record<string, unknown>;
  }
  throw badRequest("metadata must be an object");
}

/** As in Kubernetes nothing empty is kept: clients in Go write what they do not set as empty. Field managers are not tracked. */
function withoutEmpty(metadata: Record<string, unknown>): Record<string, unknown> {
  const { managedFields: _, selfLink: __, ...rest } = metadata;
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => !isEmpty(value)));
}

const isEmpty = (value: unknown): boolean =>
  value === "" || value === null || (typeof value === "object" && Object.keys(value).length === 0);

function checkPlace(metadata: Record<string, unknown>, path: ResourcePath): void {
  const differs = (field: "name" | "namespace"): boolean =>
    path[field] !== undefined && metadata[field] !== undefined && metadata[field] !== path[field];
  if (differs("name")) {
    throw badRequest(
      `the name of the object (${String(metadata["name"])}) does not match the name on the URL (${path.name})`,
    );
  }
  if (differs("namespace")) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
}
