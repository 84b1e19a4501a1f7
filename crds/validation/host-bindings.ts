import { HOSTS_ANNOTATION } from "../core.ts";
import { Host } from "../host.ts";
import { quoted } from "../text.ts";
import { type FieldError, fieldPath } from "./field-error.ts";

const FINGERPRINT = /^sha256:([0-9a-f]{2}:?){31}[0-9a-f]{2}$/i;

/**
 * What is wrong with the destinations that a Secret is bound to. A route that matches none of them is refused later
 * anyway; this says at once that an entry can never match.
 */
export function hostBindingErrors(annotation: string): FieldError[] {
  return annotation
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
    .flatMap((entry) => {
      const problem = problemOf(entry);
      return problem === undefined ? [] : [invalid(`has ${quoted(entry)}, which ${problem}`)];
    });
}

function problemOf(entry: string): string | undefined {
  if (/^sha256:/i.test(entry)) {
    return FINGERPRINT.test(entry)
      ? undefined
      : "must be sha256: and the 64 hexadecimal digits of a certificate's fingerprint";
  }
  const [, bracketed, bare, port = "443"] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  if (!isPort(port)) return "has no port between 1 and 65535";
  return Host.safeParse(bracketed ?? bare ?? entry).error?.issues[0]?.message;
}

function isPort(text: string): boolean {
  return Number(text) >= 1 && Number(text) <= 65535;
}

function invalid(message: string): FieldError {
  return {
    path: fieldPath(["metadata", "annotations", HOSTS_ANNOTATION]),
    reason: "FieldValueInvalid",
    message,
  };
}
