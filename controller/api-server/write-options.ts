import { namespaces } from "../../crds/core.ts";
import { InvalidError, NotFoundError } from "../../reconcilers/contract/errors.ts";
import { asStatusError } from "./as-status-error.ts";
import type { ResourceExchange } from "./exchange.ts";
import type { ResourceWriter, WriteOptions } from "./resource.ts";
import {
  badRequest,
  detailsOf,
  invalid,
  methodNotAllowed,
  objectNotFound,
  StatusError,
} from "./status-error.ts";

/** `dryRun` of a request; only the value All is one. Throws StatusError 400. */
export function writeOptionsOf({ query }: ResourceExchange): WriteOptions {
  return { dryRun: isDryRun(query.getAll("dryRun").filter((value) => value !== "")) };
}

/** Whether the stages that a client names for a dry run are all. */
export function isDryRun(stages: readonly unknown[]): boolean {
  if (stages.length === 0) return false;
  if (stages.every((stage) => stage === "All")) return true;
  throw badRequest('dryRun: Unsupported value: supported values: "All"');
}

/** How the resource is written; throws StatusError 405 when it is read-only. */
export function writerOf({ resource }: ResourceExchange): ResourceWriter {
  if (resource.writer === undefined) throw methodNotAllowed();
  return resource.writer;
}

/** Runs a write and has its errors name what they are about, as clients tell errors apart by it. */
export function writing<T>({ resource, path }: ResourceExchange, name: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    // The store looks for the namespace first; that the object is there was seen before.
    if (error instanceof NotFoundError) throw objectNotFound(namespaces, path.namespace ?? "");
    if (error instanceof InvalidError) {
      const cause = { reason: "FieldValueInvalid", message: error.message, field: "metadata" };
      throw invalid(resource.definition, name, [cause]);
    }
    const { status } = asStatusError(error);
    if (status.code >= 500 || error instanceof StatusError) throw error;
    const { code, reason = "", message = "" } = status;
    throw new StatusError(
      { code, reason, message, details: detailsOf(resource.definition, name) },
      { cause: error },
    );
  }
}
