import type { ApiObject } from "../../../crds/metadata.ts";
import { ApiUnavailableError } from "../../../reconcilers/contract/errors.ts";
import type { WatchEvent } from "../../../reconcilers/contract/resource-client.ts";
import { linesOf } from "./lines.ts";
import { errorOf } from "./status.ts";

/** The events of a watch's stream. Throws what an ERROR event stands for, and ApiUnavailableError for what is no event. */
export async function* watchEvents<T extends ApiObject>(
  pieces: AsyncIterable<Buffer>,
  complete: (object: T) => T,
): AsyncGenerator<WatchEvent<T>, void> {
  for await (const line of linesOf(pieces)) {
    const { type, object } = eventIn<T>(line);
    switch (type) {
      case "ADDED":
      case "MODIFIED":
      case "DELETED":
        yield { type, object: complete(object) };
        break;
      case "BOOKMARK":
        yield { type, resourceVersion: object.metadata.resourceVersion };
        break;
      case "ERROR":
        throw errorOf((object as { code?: number }).code ?? 500, object);
      default:
        throw new ApiUnavailableError("the API server sent an event of an unknown type");
    }
  }
}

function eventIn<T>(line: string): { readonly type: unknown; readonly object: T } {
  try {
    const event = JSON.parse(line) as { readonly type?: unknown; readonly object?: T } | null;
    if (event?.object) return { type: event.type, object: event.object };
  } catch {
    // said below, without the line, which may hold a Secret
  }
  throw new ApiUnavailableError("the API server sent a line that is no event");
}
