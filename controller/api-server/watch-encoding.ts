import type { ApiObject } from "../../crds/metadata.ts";
import type { Clock } from "../engine/index.ts";
import type { Representation } from "./negotiation.ts";
import { includeObjectOf } from "./render.ts";
import { apiVersionOf, type ApiResource } from "./resource.ts";
import type { Status } from "./status-error.ts";
import { partialObjectOf, tableOf } from "./table.ts";

/** Writes the events of one watch, a line each. */
export interface EventEncoder {
  change(type: "ADDED" | "MODIFIED" | "DELETED", object: ApiObject): string;
  bookmark(resourceVersion: string, options?: { readonly initialEventsEnd: boolean }): string;
  error(status: Status): string;
}

/** An encoder in the form that was asked for. As in Kubernetes the columns come with the first table only. */
export function eventEncoder(
  resource: ApiResource,
  form: Representation["form"],
  about: { readonly query: URLSearchParams; readonly clock: Clock },
): EventEncoder {
  const includeObject = includeObjectOf(about.query);
  let withColumns = true;
  const table = (objects: readonly ApiObject[], metadata: object): object => {
    const written = tableOf(resource.table, objects, metadata, {
      includeObject,
      now: about.clock.now(),
      withColumns,
    });
    withColumns = false;
    return written;
  };
  return {
    change: (type, object) => line(type, changed(object)),
    bookmark: (resourceVersion, options) => line("BOOKMARK", marked(resourceVersion, options)),
    error: (status) => line("ERROR", status),
  };

  function changed(object: ApiObject): object {
    if (form === "table") return table([object], { resourceVersion: object.metadata.resourceVersion });
    return form === "metadata" ? partialObjectOf(object) : object;
  }

  function marked(resourceVersion: string, options?: { readonly initialEventsEnd: boolean }): object {
    const annotations =
      options?.initialEventsEnd === true ? { "k8s.io/initial-events-end": "true" } : undefined;
    const metadata = {
      resourceVersion,
      creationTimestamp: null,
      ...(annotations === undefined ? {} : { annotations }),
    };
    if (form === "table") return table([], metadata);
    const { kind } = resource.definition;
    return { kind, apiVersion: apiVersionOf(resource.definition), metadata };
  }
}

const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;
