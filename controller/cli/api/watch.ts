import { ApiError, ConnectionError } from "./api-error.ts";
import type { ApiClient } from "./api-client.ts";
import type { Status } from "./api-error.ts";

export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

/**
 * Changes of a collection after `resourceVersion`, until `signal` is aborted; a watch that the server ends is
 * taken up again where it was. Throws ApiError (410 when the version is too old).
 */
export async function* watchCollection<T>(
  client: ApiClient,
  path: string,
  options: {
    readonly query: URLSearchParams;
    readonly resourceVersion: string;
    readonly accept?: string;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<WatchEvent<T>> {
  let from = options.resourceVersion;
  while (!options.signal.aborted) {
    const query = new URLSearchParams(options.query);
    query.set("watch", "true");
    query.set("allowWatchBookmarks", "true");
    query.set("resourceVersion", from);
    const lines = client.lines(`${path}?${query}`, { accept: options.accept }, options.signal);
    for await (const line of lines) {
      const event = parseEvent<T>(line);
      from = versionOf(event.object) ?? from;
      if (event.type !== "BOOKMARK") yield event;
    }
  }
}

function parseEvent<T>(line: string): WatchEvent<T> {
  let event: WatchEvent<T>;
  try {
    event = JSON.parse(line) as WatchEvent<T>;
  } catch (cause) {
    throw new ConnectionError("the watch was cut off in the middle of a line", { refused: false, cause });
  }
  if (event.type === "ERROR") {
    const status = event.object as Status;
    throw new ApiError(status.code ?? 500, status);
  }
  return event;
}

/** The version of an object, or of the first row of a table. */
function versionOf(object: unknown): string | undefined {
  const seen = object as {
    metadata?: { resourceVersion?: string };
    rows?: { object?: { metadata?: { resourceVersion?: string } } }[];
  };
  return seen.rows?.[0]?.object?.metadata?.resourceVersion ?? seen.metadata?.resourceVersion ?? undefined;
}
