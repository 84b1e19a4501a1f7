import type { ResourceExchange } from "./exchange.ts";
import type { ResourceWriter, WriteOptions } from "./resource.ts";
import { badRequest, methodNotAllowed } from "./status-error.ts";

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
