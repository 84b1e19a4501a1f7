import { quoted } from "../text.ts";

/** What is wrong with one field. The reasons are Kubernetes' own (`metav1.CauseType`), but for FieldUnknown. */
export interface FieldError {
  /** as Kubernetes writes it, such as `spec.egress.routes[0].host`; empty for the object itself */
  readonly path: string;
  readonly reason:
    | "FieldUnknown"
    | "FieldValueRequired"
    | "FieldValueInvalid"
    | "FieldValueNotSupported"
    | "FieldValueTypeInvalid"
    | "FieldValueTooLong"
    | "FieldValueTooMany";
  /** reads on from the path: what is wrong, then what to do */
  readonly message: string;
}

/** A path as Kubernetes writes it: dots before names, brackets around indices and keys that are no identifiers. */
export function fieldPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const name = String(part);
    if (!/^[A-Za-z_][A-Za-z0-9_-]{0,99}$/.test(name)) return `${text}[${quoted(name)}]`;
    return text === "" ? name : `${text}.${name}`;
  }, "");
}
