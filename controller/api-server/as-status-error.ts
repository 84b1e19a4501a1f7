import {
  ApiUnavailableError,
  ExpiredError,
  RuntimeUnavailableError,
  SandboxNotFoundError,
} from "../../reconcilers/contract/errors.ts";
import { STATUS_REASONS } from "../status-reasons.ts";
import { expired, internal, StatusError, unavailable } from "./status-error.ts";

/** What a client is told of an error: what was foreseen with its own words, the rest as an internal error. */
export function asStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof ExpiredError) return expired();
  if (error instanceof RuntimeUnavailableError) {
    return unavailable("the runtime that holds the bottle does not answer", error);
  }
  if (error instanceof ApiUnavailableError) return unavailable(error.message, error);
  const told = FORESEEN.find(({ type }) => error instanceof type);
  if (told === undefined) return internal(error);
  const { code, reason } = told;
  return new StatusError({ code, reason, message: (error as Error).message }, { cause: error });
}

const FORESEEN = [
  ...STATUS_REASONS,
  { type: SandboxNotFoundError, code: 400, reason: "BadRequest" },
] as const;
