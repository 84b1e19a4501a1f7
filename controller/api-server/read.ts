import { InvalidError } from "../../reconcilers/contract/errors.ts";
import type { Answer } from "./answer.ts";
import type { ResourceExchange } from "./exchange.ts";
import { apiVersionOf } from "./resource.ts";
import { badRequest, expired, objectNotFound, StatusError } from "./status-error.ts";

/** GET of one object. Throws StatusError 404. */
export function getObject({ resource, path }: ResourceExchange): Answer {
  const name = path.name ?? "";
  const found = resource.reader.get({ namespace: path.namespace, name });
  if (found === undefined) throw objectNotFound(resource.definition, name);
  return { kind: "object", code: 200, resource, body: found };
}

/** GET of a collection, of one namespace or of all. */
export function listObjects(exchange: ResourceExchange): Answer {
  const { resource, query } = exchange;
  const { definition, reader } = resource;
  const page = { limit: limitOf(query), continue: given(query, "continue") };
  const found = selecting(() => reader.list({ ...selectionOf(exchange), ...page }));
  checkVersion(query, found.resourceVersion);
  return {
    kind: "object",
    code: 200,
    resource,
    body: {
      kind: `${definition.kind}List`,
      apiVersion: apiVersionOf(definition),
      metadata: {
        resourceVersion: found.resourceVersion,
        ...(found.continue === undefined ? {} : { continue: found.continue }),
      },
      items: found.items,
    },
  };
}

/** What a list, a watch or the deletion of a collection is about. */
export function selectionOf({ path, query }: ResourceExchange): {
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
} {
  const byName = path.name === undefined ? [] : [`metadata.name=${path.name}`];
  const fields = [...byName, ...(given(query, "fieldSelector") ?? "").split(",")].filter(
    (part) => part !== "",
  );
  return {
    namespace: path.namespace,
    labelSelector: given(query, "labelSelector"),
    fieldSelector: fields.length === 0 ? undefined : fields.join(","),
  };
}

/** A query parameter that is there and not empty. */
export const given = (query: URLSearchParams, name: string): string | undefined =>
  query.get(name) || undefined;

/** Runs what parses selectors: a selector that cannot be parsed is the request's fault (400), not an object's. */
export function selecting<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidError) throw badRequest(error.message);
    throw error;
  }
}

function limitOf(query: URLSearchParams): number | undefined {
  const text = given(query, "limit");
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw badRequest("limit must be a whole number");
  return Number(text) || undefined;
}

/** The version that a client gives as the oldest it takes; the newest is answered always, so only the future is refused. */
function checkVersion(query: URLSearchParams, newest: string): void {
  const asked = resourceVersionOf(query);
  if (asked === undefined || asked === "0") return;
  if (BigInt(asked) > BigInt(newest)) {
    throw new StatusError({
      code: 504,
      reason: "Timeout",
      message: `Too large resource version: ${asked}, current: ${newest}`,
      details: { retryAfterSeconds: 1, causes: [TOO_LARGE] },
    });
  }
  if (query.get("resourceVersionMatch") === "Exact" && asked !== newest) throw expired();
}

const TOO_LARGE = { reason: "ResourceVersionTooLarge", message: "Too large resource version", field: "" };

/** The `resourceVersion` of a list or a watch. Throws StatusError 400 when it is no version of this server. */
export function resourceVersionOf(query: URLSearchParams): string | undefined {
  const text = given(query, "resourceVersion");
  if (text !== undefined && !/^\d{1,18}$/.test(text)) {
    throw badRequest(`resourceVersion: Invalid value: "${text}": must be a number`);
  }
  return text;
}
