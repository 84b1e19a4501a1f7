import { z } from "zod";
import {
  AlreadyExistsError,
  ApiUnavailableError,
  ConflictError,
  ExpiredError,
  ForbiddenError,
  InvalidError,
  NotFoundError,
} from "../../../reconcilers/contract/errors.ts";

/** A Status object as far as it is read here. */
const Status = z.object({
  kind: z.literal("Status"),
  message: z.string().optional(),
  reason: z.string().optional(),
  code: z.int().optional(),
  details: z.object({ name: z.string().optional() }).nullish(),
});

const BY_REASON: Readonly<Record<string, new (message: string) => Error>> = {
  AlreadyExists: AlreadyExistsError,
  Conflict: ConflictError,
  Expired: ExpiredError,
  Gone: ExpiredError,
  Invalid: InvalidError,
  BadRequest: InvalidError,
  Forbidden: ForbiddenError,
};

/**
 * The error of the contract that an answer stands for. Only a Status that names
 * the object says that it does not exist: a 404 of a kind that is not served,
 * or of a proxy on the way, does not.
 */
export function errorOf(code: number, body: unknown): Error {
  const status = Status.safeParse(body).data;
  const { reason = "", details } = status ?? {};
  const message = status?.message ?? `the API server answered ${code}`;
  if (reason === "NotFound" && details?.name) return new NotFoundError(message);
  const known = BY_REASON[reason];
  if (known !== undefined) return new known(message);
  if (code === 410) return new ExpiredError(message);
  return new ApiUnavailableError(message);
}
