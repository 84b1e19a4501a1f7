import type { AgentStream } from "../agent/agent-stream.ts";
import type { Denial, DenialCode } from "../denial.ts";
import { type Authority, formatAuthority, normaliseAuthority } from "./authority.ts";
import { type FieldSummary, readFields } from "./fields.ts";
import { normalisePath } from "./path.ts";
import type { RequestHead } from "./request-head.ts";

/** What a CONNECT was answered for, and what was found inside. */
export interface Tunnel {
  readonly scheme: "http" | "https";
  readonly authority: Authority;
}

export type ReadHead =
  | { readonly kind: "head"; readonly head: RequestHead; readonly fields: FieldSummary }
  | { readonly kind: "denied"; readonly denial: Denial };

const DEFAULT_PORTS = { http: 80, https: 443 } as const;
const TARGET = /^(?:(https?):\/\/([^/?#]*))?(\/[^?#]*)?(\?[^#]*)?$/i;

/**
 * Brings the head of a request into normal form, or says why it cannot be:
 * every entry (absolute form, CONNECT, plain or in TLS) comes out the same.
 * Target, Host and the tunnel must name the same host and port.
 */
export function readHead(
  request: Pick<AgentStream, "method" | "target" | "rawHeaders">,
  tunnel: Tunnel | undefined,
): ReadHead {
  const fields = readFields(request.rawHeaders);
  if (fields.kind === "denied") return fields;
  const target = readTarget(request.target, tunnel);
  if (target.kind === "denied") return target;
  const named =
    fields.host === undefined ? undefined : normaliseAuthority(fields.host, DEFAULT_PORTS[target.scheme]);
  if (named === undefined) return denied("BadRequest", "the Host header is missing, repeated or no host");
  if (named.host !== target.authority.host || named.port !== target.authority.port) {
    return denied("AuthorityMismatch", "the Host header does not name the host and port that were asked for");
  }
  const path = normalisePath(target.path);
  if (path.kind === "invalid") return denied("BadRequest", path.because);
  const head = {
    scheme: target.scheme,
    host: target.authority.host,
    port: target.authority.port,
    method: request.method,
    path: path.path,
    alternativePath: path.alternative,
    query: target.query,
    headers: fields.headers,
  };
  return { kind: "head", head, fields };
}

/** Value of the Host header for a destination. */
export function hostHeaderOf({ scheme, host, port }: RequestHead): string {
  return port === DEFAULT_PORTS[scheme]
    ? formatAuthority({ host, port }).replace(/:\d+$/, "")
    : formatAuthority({ host, port });
}

interface Target {
  readonly kind: "target";
  readonly scheme: "http" | "https";
  readonly authority: Authority;
  readonly path: string;
  readonly query: string;
}

type Refused = Extract<ReadHead, { kind: "denied" }>;

function readTarget(url: string, tunnel: Tunnel | undefined): Target | Refused {
  const match = /^[\x21-\x7e]+$/.test(url) ? TARGET.exec(url) : null;
  if (match === null) return denied("BadRequest", "the target of the request is no URL and no path");
  const [, scheme, rawAuthority, path = "/", query = ""] = match;
  const origin =
    scheme === undefined || rawAuthority === undefined
      ? fromTunnel(tunnel, match[3])
      : fromUrl(scheme.toLowerCase() === "https" ? "https" : "http", rawAuthority, tunnel);
  return origin.kind === "denied" ? origin : { ...origin, path, query };
}

type Origin = Omit<Target, "path" | "query">;

/** Origin form: the tunnel says where it goes; outside of one nobody does. */
function fromTunnel(tunnel: Tunnel | undefined, path: string | undefined): Origin | Refused {
  if (tunnel !== undefined && path !== undefined) return { kind: "target", ...tunnel };
  return denied("ReverseFormRefused", "the request names a path of the proxy and no host");
}

/** Absolute form: the URL says where it goes; within a tunnel it must agree with that. */
function fromUrl(
  scheme: "http" | "https",
  rawAuthority: string,
  tunnel: Tunnel | undefined,
): Origin | Refused {
  if (rawAuthority.includes("@")) return denied("UserinfoRefused", "the URL holds a user or a password");
  const authority = normaliseAuthority(rawAuthority, DEFAULT_PORTS[scheme]);
  if (authority === undefined) return denied("BadRequest", "the host of the URL is not one");
  if (tunnel !== undefined && !agrees(tunnel, scheme, authority)) {
    return denied("AuthorityMismatch", "the URL names another host or port than CONNECT did");
  }
  if (tunnel === undefined && scheme === "https") {
    return denied("BadRequest", "https goes through CONNECT, not through a URL in the request line");
  }
  return { kind: "target", scheme, authority };
}

function agrees(tunnel: Tunnel, scheme: string, authority: Authority): boolean {
  return (
    tunnel.scheme === scheme &&
    tunnel.authority.host === authority.host &&
    tunnel.authority.port === authority.port
  );
}

function denied(code: DenialCode, because: string): Refused {
  return { kind: "denied", denial: { code, because } };
}
