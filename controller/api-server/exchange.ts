import type { IncomingHttpHeaders } from "node:http";
import type { ApiResource } from "./resource.ts";
import type { ResourcePath } from "./resource-path.ts";

/** One request, as endpoints see it. */
export interface Exchange {
  readonly method: string;
  readonly pathname: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** aborted when the client has gone or the server closes */
  readonly signal: AbortSignal;
  /** the whole body; throws StatusError 413 beyond the limit */
  readBody(): Promise<Buffer>;
}

/** A request to a resource that exists. */
export interface ResourceExchange extends Exchange {
  readonly resource: ApiResource;
  readonly path: ResourcePath;
}
