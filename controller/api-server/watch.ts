import type { ApiObject } from "../../crds/metadata.ts";
import { ExpiredError } from "../../reconcilers/contract/errors.ts";
import type { Clock } from "../engine/index.ts";
import type { StoreWatch } from "../store/index.ts";
import type { Answer } from "./answer.ts";
import type { ResourceExchange } from "./exchange.ts";
import { representationOf } from "./negotiation.ts";
import { given, resourceVersionOf, selecting, selectionOf } from "./read.ts";
import type { ResourceReader } from "./resource.ts";
import { badRequest, expired, StatusError } from "./status-error.ts";
import { type EventEncoder, eventEncoder } from "./watch-encoding.ts";
import { withBookmarks } from "./watch-bookmarks.ts";

const DEFAULT_TIMEOUT_SECONDS = 3600;
const LONGEST_TIMEOUT_SECONDS = 86_400;
const STUCK_MS = 60_000;

/** A watch: changes of a collection as lines of JSON, until the client goes, the time is up or the server closes. */
export function watchObjects(exchange: ResourceExchange, clock: Clock): Answer {
  const asked = watchRequestOf(exchange);
  const { form } = representationOf(exchange.headers.accept);
  const encode = eventEncoder(exchange.resource, form, { query: exchange.query, clock });
  const chunks = lines(exchange.resource.reader, asked, { clock, encode, signal: exchange.signal });
  return { kind: "stream", mediaType: "application/json", chunks, stuckMs: STUCK_MS };
}

interface WatchRequest {
  readonly selection: ReturnType<typeof selectionOf>;
  /** undefined: begin with what is there now */
  readonly resourceVersion: string | undefined;
  /** whether a bookmark tells where what was there at the start ends */
  readonly marksInitialEnd: boolean;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
}

function watchRequestOf(exchange: ResourceExchange): WatchRequest {
  const { query, resource } = exchange;
  checkInitialEvents(query);
  const version = resourceVersionOf(query);
  const streamsList = query.get("sendInitialEvents") === "true";
  const selection = selectionOf(exchange);
  // A selector that cannot be parsed is refused before the head of the answer is sent.
  selecting(() => resource.reader.watch({ ...selection, resourceVersion: newest(resource.reader) }).close());
  return {
    selection,
    resourceVersion: streamsList || version === "0" ? undefined : version,
    marksInitialEnd: streamsList,
    bookmarks: query.get("allowWatchBookmarks") === "true",
    timeoutMs: timeoutSecondsOf(query) * 1000,
  };
}

const newest = (reader: ResourceReader): string => reader.list({ limit: 1 }).resourceVersion;

function timeoutSecondsOf(query: URLSearchParams): number {
  const text = given(query, "timeoutSeconds");
  if (text === undefined) return DEFAULT_TIMEOUT_SECONDS;
  if (!/^\d{1,9}$/.test(text)) throw badRequest("timeoutSeconds must be a whole number");
  return Math.min(Number(text) || DEFAULT_TIMEOUT_SECONDS, LONGEST_TIMEOUT_SECONDS);
}

/** The rule of Kubernetes for streaming lists; a client that is told 422 lists instead. */
function checkInitialEvents(query: URLSearchParams): void {
  const asked = query.get("sendInitialEvents");
  const match = query.get("resourceVersionMatch");
  if (asked === null && match === null) return;
  if (asked !== null && match === "NotOlderThan") return;
  throw new StatusError({
    code: 422,
    reason: "Invalid",
    message:
      'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents and resourceVersionMatch=NotOlderThan belong together in a watch',
  });
}

async function* lines(
  reader: ResourceReader,
  asked: WatchRequest,
  tools: { readonly clock: Clock; readonly encode: EventEncoder; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const { encode, clock, signal } = tools;
  let watch: StoreWatch<ApiObject> | undefined;
  try {
    const { from, present } = startOf(reader, asked);
    // Nothing is awaited between the list and the watch, so nothing is missed between them.
    watch = reader.watch({ ...asked.selection, resourceVersion: from });
    for (const object of present) yield encode.change("ADDED", object);
    if (asked.marksInitialEnd) yield encode.bookmark(from, { initialEventsEnd: true });
    for await (const event of withBookmarks(watch, { clock, signal, timeoutMs: asked.timeoutMs })) {
      if (event.type !== "BOOKMARK") yield encode.change(event.type, event.object);
      else if (asked.bookmarks) yield encode.bookmark(event.resourceVersion);
    }
  } catch (error) {
    if (!(error instanceof ExpiredError)) throw error;
    yield encode.error(expired().status);
  } finally {
    watch?.close();
  }
}

function startOf(
  reader: ResourceReader,
  asked: WatchRequest,
): { readonly from: string; readonly present: readonly ApiObject[] } {
  if (asked.resourceVersion !== undefined) return { from: asked.resourceVersion, present: [] };
  const { resourceVersion, items } = reader.list(asked.selection);
  return { from: resourceVersion, present: items };
}
