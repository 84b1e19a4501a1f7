import { stringify } from "yaml";
import type { ApiObject } from "../../crds/metadata.ts";
import type { Representation } from "./negotiation.ts";
import type { ApiResource } from "./resource.ts";
import { badRequest } from "./status-error.ts";
import { type IncludeObject, partialObjectOf, tableOf } from "./table.ts";

/** A list as the API answers it. */
export interface ObjectListBody {
  readonly items: readonly ApiObject[];
  readonly metadata: object;
}

const isList = (body: object): body is ObjectListBody => "items" in body && Array.isArray(body.items);
/** Objects of the resource become tables; a Status, as a delete answers, stays what it is. */
const isOf = (resource: ApiResource, body: object): body is ApiObject =>
  "kind" in body && body.kind === resource.definition.kind;

/** Gives an object or a list the form that was asked for. */
export function formed(
  body: object,
  resource: ApiResource,
  form: Representation["form"],
  about: { readonly query: URLSearchParams; readonly now: Date },
): object {
  if (form === "object" || (!isList(body) && !isOf(resource, body))) return body;
  const objects = isList(body) ? body.items : [body];
  if (form === "table") {
    const { resourceVersion } = body.metadata as { resourceVersion?: string };
    const metadata = isList(body) ? body.metadata : { resourceVersion };
    const includeObject = includeObjectOf(about.query);
    return tableOf(resource.table, objects, metadata, { includeObject, now: about.now, withColumns: true });
  }
  if (!isList(body)) return partialObjectOf(body);
  return {
    kind: "PartialObjectMetadataList",
    apiVersion: "meta.k8s.io/v1",
    metadata: body.metadata,
    items: body.items.map(partialObjectOf),
  };
}

const INCLUDE_OBJECT: readonly IncludeObject[] = ["None", "Metadata", "Object"];

/** The part of each object that a table carries. Throws StatusError 400 for an unknown one. */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const asked = query.get("includeObject") ?? "";
  if (asked === "") return "Metadata";
  const found = INCLUDE_OBJECT.find((each) => each === asked);
  if (found === undefined) throw badRequest("includeObject must be None, Metadata or Object");
  return found;
}

/** A body as text. */
export const encoded = (body: object, encoding: Representation["encoding"]): string =>
  encoding === "yaml" ? stringify(body) : `${JSON.stringify(body)}\n`;
