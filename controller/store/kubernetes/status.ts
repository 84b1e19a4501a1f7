import * as z from "zod";
import {
  ApiUnavailableError,
  ExpiredError,
  InvalidError,
  NotFoundError,
} from "../../../reconcilers/contract/errors.ts";
import { STATUS_REASONS } from "../../status-reasons.ts";

/** A Status object as far as it is read here. */
const Status = z.object({
  kind: z.literal("Status"),
  message: z.string().optional(),
  reason: z.string().optional(),
  code: z.int().optional(),
  details: z.object({ name: z.string().optional() }).nullish(),
});

const BY_REASON = new Map<string, new (message: string) => Error>([
  ...STATUS_REASONS.map(({ reason, type }) => [reason, type] as const),
  ["Gone", ExpiredError],
  ["BadRequest", InvalidError],
]);

/**
 * The error of the contract that an answer stands for. Only a Status that names
 * the object says that it does not exist: a 404 of a kind that is not served,
 * or of a proxy on the way, does not.
 */
export function errorOf(code: number, body: unknown): Error {
  const status = Status.safeParse(body).data;
  const { reason = "", details } = status ?? {};
  const message = status?.message ?? `the API server answered ${code}`;
  const known = BY_REASON.get(reason);
  if (known === NotFoundError && !details?.name) return new ApiUnavailableError(message);
  if (known !== undefined) return new known(message);
  if (code === 410) return new ExpiredError(message);
  return new ApiUnavailableError(message);
}
