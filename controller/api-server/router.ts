import type { Clock } from "../engine/index.ts";
import type { Answer } from "./answer.ts";
import { createObject } from "./create.ts";
import { deleteCollection, deleteObject } from "./delete.ts";
import { rootDocument } from "./documents.ts";
import type { Exchange, ResourceExchange } from "./exchange.ts";
import { patchObject } from "./patch.ts";
import { getObject, listObjects } from "./read.ts";
import type { Registry } from "./registry.ts";
import { replaceObject } from "./replace.ts";
import { parseResourcePath, type ResourcePath } from "./resource-path.ts";
import { methodNotAllowed, pathNotFound } from "./status-error.ts";
import { watchObjects } from "./watch.ts";

type Endpoint = (exchange: ResourceExchange) => Answer | Promise<Answer>;

/** What the router needs beside the resources. */
export interface RouterOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly version: string;
  /** the text of GET /metrics; absent: not served */
  readonly metrics: (() => string) | undefined;
  /** subresources that are not the object in another form, by `resource/subresource` */
  readonly subresources: Readonly<Record<string, Endpoint>>;
}

/** Answers a request; throws StatusError. */
export type Router = (exchange: Exchange) => Promise<Answer>;

/** The endpoints of one server, by path and method. */
export function createRouter(options: RouterOptions): Router {
  return async (exchange) => {
    const found = resourceExchange(exchange, options.registry);
    if (found !== undefined) return await endpointOf(found, options)(found);
    const document = rootDocument(exchange, options);
    if (document === undefined) throw pathNotFound();
    if (exchange.method !== "GET") throw methodNotAllowed();
    return document;
  };
}

/** The exchange with the resource its path names; undefined when it names none. */
export function resourceExchange(exchange: Exchange, registry: Registry): ResourceExchange | undefined {
  const path = parseResourcePath(exchange.pathname);
  if (path === undefined) return undefined;
  const resource = registry.find(path.group, path.version, path.plural);
  if (resource === undefined) return undefined;
  const { namespaced } = resource.definition;
  const namespaceFits = namespaced
    ? path.name === undefined || path.namespace !== undefined
    : path.namespace === undefined;
  return namespaceFits ? { ...exchange, resource, path } : undefined;
}

function endpointOf(exchange: ResourceExchange, options: RouterOptions): Endpoint {
  const { path, resource, method } = exchange;
  const special = specialEndpoint(exchange, options);
  if (special !== undefined) return special;
  if (
    path.subresource !== undefined &&
    !resource.subresources.some(({ name }) => name === path.subresource)
  ) {
    throw pathNotFound();
  }
  const found = endpointsOf(path, options.clock)[method];
  if (found === undefined) throw methodNotAllowed();
  return found;
}

function specialEndpoint(
  { path, method }: ResourceExchange,
  { subresources }: RouterOptions,
): Endpoint | undefined {
  const special = subresources[`${path.plural}/${path.subresource ?? ""}`];
  if (special !== undefined && method !== "GET") throw methodNotAllowed();
  return special;
}

type Endpoints = Readonly<Record<string, Endpoint>>;

function endpointsOf(path: ResourcePath, clock: Clock): Endpoints {
  if (path.name === undefined) return collectionEndpoints(clock);
  return path.subresource === undefined ? OBJECT_ENDPOINTS : STATUS_ENDPOINTS;
}

const STATUS_ENDPOINTS: Endpoints = { GET: getObject, PUT: replaceObject, PATCH: patchObject };
const OBJECT_ENDPOINTS: Endpoints = { ...STATUS_ENDPOINTS, DELETE: deleteObject };

const collectionEndpoints = (clock: Clock): Endpoints => ({
  GET: (exchange) => (isWatch(exchange) ? watchObjects(exchange, clock) : listObjects(exchange)),
  POST: createObject,
  DELETE: deleteCollection,
});

const isWatch = ({ query }: ResourceExchange): boolean => ["true", "1"].includes(query.get("watch") ?? "");
