import type { ApiClient } from "./api/api-client.ts";
import { ApiError, ConnectionError } from "./api/api-error.ts";
import { pathOf, type Resource } from "./api/discovery.ts";
import type { KubeList, KubeObject } from "./api/objects.ts";
import { watchCollection } from "./api/watch.ts";
import { pause } from "./clock.ts";

/** One object that is waited for. */
export interface Awaited {
  readonly resource: Resource;
  readonly name: string;
  readonly namespace: string;
}

const AGAIN_MS = 500;

/**
 * Calls `look` with the object as it is now and after each change, `undefined` when it is not there, until `look`
 * answers true. Goes on after a broken connection; rejects when `signal` is aborted.
 */
export async function until(
  client: ApiClient,
  awaited: Awaited,
  look: (object: KubeObject | undefined) => boolean,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      if (await followOnce(client, awaited, look, signal)) return;
    } catch (error) {
      signal.throwIfAborted();
      const expired = error instanceof ApiError && error.code === 410;
      if (!expired && !(error instanceof ConnectionError)) throw error;
      await pause(AGAIN_MS, signal);
    }
  }
}

/** Waits until the object is gone. */
export async function untilDeleted(client: ApiClient, awaited: Awaited, signal: AbortSignal): Promise<void> {
  let uid: string | undefined;
  await until(
    client,
    awaited,
    (object) => {
      uid ??= object?.metadata.uid;
      return object === undefined || object.metadata.uid !== uid;
    },
    signal,
  );
}

async function followOnce(
  client: ApiClient,
  awaited: Awaited,
  look: (object: KubeObject | undefined) => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const path = pathOf(awaited.resource, { namespace: awaited.namespace });
  const query = new URLSearchParams({ fieldSelector: `metadata.name=${awaited.name}` });
  const list = await client.call<KubeList>(`${path}?${query}`, {}, signal);
  if (look(list.items[0])) return true;
  const from = list.metadata.resourceVersion ?? "0";
  const changes = watchCollection<KubeObject>(client, path, { query, resourceVersion: from, signal });
  for await (const { type, object } of changes) {
    if (look(type === "DELETED" ? undefined : object)) return true;
  }
  return false;
}
