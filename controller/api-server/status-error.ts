import type { ResourceDefinition } from "../../crds/resources.ts";

/** One field at fault, as kubectl prints it below an Invalid error. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** The `Status` object of the Kubernetes API, as every refusal here is told. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
  readonly code: number;
}

/** A request that is refused: what the client is told, and nothing else of the cause. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly status: Status;
  constructor(
    about: Pick<Status, "code" | "details"> & { readonly reason: string; readonly message: string },
    options?: ErrorOptions,
  ) {
    super(about.message, options);
    this.status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", ...about };
  }
}

/** The part of a definition that error texts name. */
export type NamedResource = Pick<ResourceDefinition, "group" | "plural" | "kind">;

const qualified = (name: string, { group }: NamedResource): string =>
  group === "" ? name : `${name}.${group}`;
/** How a Status names an object. */
export const detailsOf = (of: NamedResource, name: string): NonNullable<Status["details"]> => ({
  name,
  ...(of.group === "" ? {} : { group: of.group }),
  kind: of.plural,
});

/** 400: the request itself is wrong. */
export const badRequest = (message: string): StatusError =>
  new StatusError({ code: 400, reason: "BadRequest", message });

/** 401, the same for a missing and a wrong token. */
export const unauthorized = (): StatusError =>
  new StatusError({ code: 401, reason: "Unauthorized", message: "Unauthorized" });

/** 403: understood and refused. */
export const forbidden = (message: string): StatusError =>
  new StatusError({ code: 403, reason: "Forbidden", message });

/** 404 for a path that no resource has. */
export const pathNotFound = (): StatusError =>
  new StatusError({
    code: 404,
    reason: "NotFound",
    message: "the server could not find the requested resource",
  });

/** 404 for an object. */
export const objectNotFound = (of: NamedResource, name: string): StatusError =>
  new StatusError({
    code: 404,
    reason: "NotFound",
    message: `${qualified(of.plural, of)} "${name}" not found`,
    details: detailsOf(of, name),
  });

/** 405 */
export const methodNotAllowed = (): StatusError =>
  new StatusError({
    code: 405,
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
  });

/** 406: no media type that the client takes is spoken here. */
export const notAcceptable = (): StatusError =>
  new StatusError({
    code: 406,
    reason: "NotAcceptable",
    message: "only the following media types are accepted: application/json, application/yaml",
  });

/** 410: the resource version is too old to go on from. */
export const expired = (): StatusError =>
  new StatusError({
    code: 410,
    reason: "Expired",
    message: "The resource version is too old: list again and watch from there.",
  });

/** 413 */
export const tooLarge = (maxBytes: number): StatusError =>
  new StatusError({
    code: 413,
    reason: "RequestEntityTooLarge",
    message: `Request entity too large: limit is ${maxBytes}`,
  });

/** 415 with the media types that would be taken. */
export const unsupportedMediaType = (accepted: readonly string[]): StatusError =>
  new StatusError({
    code: 415,
    reason: "UnsupportedMediaType",
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  });

/** 422 with a cause per field. */
export const invalid = (of: NamedResource, name: string, causes: readonly StatusCause[]): StatusError => {
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const text = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return new StatusError({
    code: 422,
    reason: "Invalid",
    message: `${qualified(of.kind, of)} "${name}" is invalid: ${text}`,
    details: { ...detailsOf(of, name), kind: of.kind, causes },
  });
};

/** 500; the cause is for the log, never for the client. */
export const internal = (cause: unknown): StatusError =>
  new StatusError(
    { code: 500, reason: "InternalError", message: "Internal error occurred: see the controller's log" },
    { cause },
  );

/** 503: try again later. */
export const unavailable = (message: string, cause?: unknown): StatusError =>
  new StatusError(
    { code: 503, reason: "ServiceUnavailable", message, details: { retryAfterSeconds: 1 } },
    { cause },
  );
