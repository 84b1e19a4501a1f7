import type { RequestHead } from "../request/request-head.ts";

/** A place of an API that is known by what it does. */
export interface Endpoint {
  /** absent: any, as the software may run anywhere */
  readonly host?: RegExp;
  /** of paths of a bounded length (interceptors/path-length.ts): from its beginning to its end, in lower case, without slash and `.json` at the end; absent: every path */
  readonly path?: string;
  /** of the field X-Amz-Target */
  readonly target?: RegExp;
  /** default: every method that changes something */
  readonly methods?: readonly string[] | "any";
  readonly what: string;
}

type Asked = Pick<RequestHead, "host" | "path" | "alternativePath" | "method" | "headers">;

const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Makes a table ready: tells which of the endpoints a request is for, by any reading of its path. */
export function endpointSearch(endpoints: readonly Endpoint[]): (head: Asked) => Endpoint | undefined {
  const table = endpoints.map((endpoint) => ({
    endpoint,
    path: endpoint.path === undefined ? undefined : new RegExp(`^(?:${endpoint.path})$`, "s"),
  }));
  return (head) => {
    const paths = [...new Set([head.path, head.alternativePath].map(plainPath))];
    return table.find(
      ({ endpoint, path }) =>
        (endpoint.host === undefined || endpoint.host.test(head.host)) &&
        isMethodOf(endpoint, head.method) &&
        (endpoint.target === undefined || isTarget(endpoint.target, head.headers)) &&
        (path === undefined || paths.some((each) => path.test(each))),
    )?.endpoint;
  };
}

/** Servers take a slash at the end, another case and `.json` for the same place. */
const plainPath = (path: string): string => withoutEndSlashes(path.toLowerCase()).replace(/\.json$/, "");

/** In linear time: slashes are looked at from the first of a row on alone. */
export const withoutEndSlashes = (path: string): string => path.replace(/(?<!\/)\/+$/, "");

function isMethodOf({ methods }: Endpoint, method: string): boolean {
  if (methods === "any") return true;
  return methods === undefined ? !READING.has(method) : methods.includes(method);
}

function isTarget(target: RegExp, headers: readonly string[]): boolean {
  return headers.some(
    (text, index) => index % 2 === 1 && headers[index - 1] === "x-amz-target" && target.test(text),
  );
}
