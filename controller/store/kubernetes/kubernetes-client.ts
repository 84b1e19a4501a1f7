import type { ApiObject } from "../../../crds/metadata.ts";
import type { ResourceDefinition } from "../../../crds/resources.ts";
import { NotFoundError } from "../../../reconcilers/contract/errors.ts";
import type {
  Draft,
  ListOptions,
  ObjectList,
  ObjectRef,
  ResourceClient,
  WatchEvent,
  WatchOptions,
} from "../../../reconcilers/contract/resource-client.ts";
import { collectionPath, objectPath } from "./resource-url.ts";
import type { Transport } from "./transport.ts";
import { watchEvents } from "./watch-events.ts";

/** Unknown fields are an error, never dropped in silence. */
const STRICT = { fieldValidation: "Strict" };

interface ListBody<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[] | null;
}

/** ResourceClient over https: of the embedded API server or of a real kube-apiserver. */
export class KubernetesClient implements ResourceClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async get<T extends ApiObject>(
    of: ResourceDefinition<T>,
    ref: ObjectRef,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return (await this.#transport.json({ method: "GET", path: objectPath(of, ref) }, signal)) as T;
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  async list<T extends ApiObject>(
    of: ResourceDefinition<T>,
    { namespace, ...query }: ListOptions,
    signal: AbortSignal,
  ): Promise<ObjectList<T>> {
    const path = collectionPath(of, namespace);
    const body = (await this.#transport.json({ method: "GET", path, query }, signal)) as ListBody<T>;
    const items = (body.items ?? []).map(completer(of));
    const { resourceVersion, continue: next } = body.metadata;
    // an empty token stands for none
    return next ? { items, resourceVersion, continue: next } : { items, resourceVersion };
  }

  async create<T extends ApiObject>(
    of: ResourceDefinition<T>,
    object: Draft<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const path = collectionPath(of, object.metadata.namespace ?? "default");
    return (await this.#transport.json({ method: "POST", path, query: STRICT, body: object }, signal)) as T;
  }

  async update<T extends ApiObject>(of: ResourceDefinition<T>, object: T, signal: AbortSignal): Promise<T> {
    const path = objectPath(of, object.metadata);
    return (await this.#transport.json({ method: "PUT", path, query: STRICT, body: object }, signal)) as T;
  }

  async patchStatus<T extends ApiObject>(
    of: ResourceDefinition<T>,
    { resourceVersion, ...ref }: ObjectRef & { readonly resourceVersion?: string | undefined },
    status: object,
    signal: AbortSignal,
  ): Promise<T> {
    const call = {
      method: "PATCH",
      path: `${objectPath(of, ref)}/status`,
      query: STRICT,
      body: { ...(resourceVersion === undefined ? {} : { metadata: { resourceVersion } }), status },
      contentType: "application/merge-patch+json",
    } as const;
    return (await this.#transport.json(call, signal)) as T;
  }

  async delete<T extends ApiObject>(
    of: ResourceDefinition<T>,
    { uid, ...ref }: ObjectRef & { readonly uid?: string | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: "Background",
      ...preconditions,
    };
    await this.#transport.json({ method: "DELETE", path: objectPath(of, ref), body }, signal);
  }

  async *watch<T extends ApiObject>(
    of: ResourceDefinition<T>,
    { namespace, ...options }: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>, void> {
    const query = { watch: "1", allowWatchBookmarks: "true", ...options };
    const path = collectionPath(of, namespace);
    const pieces = await this.#transport.stream({ method: "GET", path, query }, signal);
    yield* watchEvents(pieces, completer(of));
  }
}

/** Items of a real API server's lists of core kinds do not say what they are. */
function completer<T extends ApiObject>({ group, version, kind }: ResourceDefinition<T>): (object: T) => T {
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return (object) => ({ ...object, apiVersion: object.apiVersion ?? apiVersion, kind: object.kind ?? kind });
}
