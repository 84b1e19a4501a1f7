import { join } from "node:path";
import { STATE_FILES } from "../state-folder.ts";

/** The audit of a bottle: the file that is written to. Names of namespaces and bottles hold no `_`. */
export function auditFile(
  stateDir: string,
  of: { readonly namespace: string; readonly name: string },
): string {
  return join(stateDir, STATE_FILES.audit, `${of.namespace}_${of.name}.ndjson`);
}

/** Rotated files of an audit, oldest first, then the one that is written to. */
export function auditGenerations(file: string): string[] {
  return [`${file}.2`, `${file}.1`, file];
}
