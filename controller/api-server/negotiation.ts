import { notAcceptable } from "./status-error.ts";

/** The form of an answer that a client asked for. */
export interface Representation {
  readonly form: "object" | "table" | "metadata";
  readonly encoding: "json" | "yaml";
}

/** The first form in the client's order that is spoken here. Throws StatusError 406 when there is none. */
export function representationOf(accept: string | undefined): Representation {
  for (const range of (accept ?? "*/*").split(",")) {
    const found = representationOfRange(range);
    if (found !== undefined) return found;
  }
  throw notAcceptable();
}

function representationOfRange(range: string): Representation | undefined {
  const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  const encoding = encodingOf(type);
  if (encoding === undefined) return undefined;
  const form = formOf(new Map(parameters.map((parameter) => splitOnce(parameter, "="))));
  return form === undefined ? undefined : { form, encoding };
}

function encodingOf(type: string | undefined): Representation["encoding"] | undefined {
  if (type === "application/yaml") return "yaml";
  return type === "application/json" || type === "application/*" || type === "*/*" ? "json" : undefined;
}

function formOf(parameters: ReadonlyMap<string, string>): Representation["form"] | undefined {
  const as = parameters.get("as");
  if (as === undefined) return "object";
  if (parameters.get("g") !== "meta.k8s.io" || parameters.get("v") !== "v1") return undefined;
  if (as === "table") return "table";
  return as === "partialobjectmetadata" || as === "partialobjectmetadatalist" ? "metadata" : undefined;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
