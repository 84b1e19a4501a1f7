/** The engine underneath a runtime cannot be reached or does not answer; try again later. */
export class RuntimeUnavailableError extends Error {
  override readonly name = "RuntimeUnavailableError";
}

/** A name that a sandbox or a volume needs is taken by another spec or owner. */
export class SandboxConflictError extends Error {
  override readonly name = "SandboxConflictError";
  readonly sandbox: string;
  constructor(sandbox: string, options?: ErrorOptions) {
    super(`the name ${sandbox} is taken by something that is not ours`, options);
    this.sandbox = sandbox;
  }
}

/** The sandbox does not exist, or not in the state that the call needs. */
export class SandboxNotFoundError extends Error {
  override readonly name = "SandboxNotFoundError";
}

/** The image is not there; the image store must build it first. */
export class ImageMissingError extends Error {
  override readonly name = "ImageMissingError";
  readonly image: string;
  constructor(image: string, options?: ErrorOptions) {
    super(`the image ${image} is not on this machine`, options);
    this.image = image;
  }
}

/** The object does not exist (404). */
export class NotFoundError extends Error {
  override readonly name = "NotFoundError";
}

/** The object exists already (409 AlreadyExists). */
export class AlreadyExistsError extends Error {
  override readonly name = "AlreadyExistsError";
}

/** The object changed since it was read (409 Conflict); read again and retry. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
}

/** The resource version is too old to watch or continue from (410); list again. */
export class ExpiredError extends Error {
  override readonly name = "ExpiredError";
}

/** The object does not match its schema (422). */
export class InvalidError extends Error {
  override readonly name = "InvalidError";
}

/** The API refuses the call whatever its content (403): a namespace that is going away, the default namespace. */
export class ForbiddenError extends Error {
  override readonly name = "ForbiddenError";
}

/** The API server cannot be reached or failed (5xx, reset, timeout); try again later. */
export class ApiUnavailableError extends Error {
  override readonly name = "ApiUnavailableError";
}
