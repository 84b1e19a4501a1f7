import {
  AlreadyExistsError,
  ConflictError,
  ExpiredError,
  ForbiddenError,
  InvalidError,
  NotFoundError,
} from "../reconcilers/contract/errors.ts";

/** How the Kubernetes API tells each error of the contract: what the server answers and what the client reads. */
export const STATUS_REASONS = [
  { reason: "NotFound", code: 404, type: NotFoundError },
  { reason: "AlreadyExists", code: 409, type: AlreadyExistsError },
  { reason: "Conflict", code: 409, type: ConflictError },
  { reason: "Expired", code: 410, type: ExpiredError },
  { reason: "Forbidden", code: 403, type: ForbiddenError },
  { reason: "Invalid", code: 422, type: InvalidError },
] as const;
