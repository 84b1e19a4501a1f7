import { METHODS } from "node:http";
import type { AgentStream } from "../agent/agent-stream.ts";
import type { Denial, DenialCode } from "../denial.ts";
import { type Authority, formatAuthority, normaliseAuthority } from "./authority.ts";
import type { PolicyIndex } from "../policy/policy-index.ts";
import type { Entry, Tunnel } from "./entry.ts";
import { type FieldSummary, readFields } from "./fields.ts";
import { normalisePath } from "./path.ts";
import { readReverseForm } from "./reverse-form.ts";
import type { RequestHead } from "./request-head.ts";

export type ReadHead =
  | { readonly kind: "head"; readonly head: RequestHead; readonly fields: FieldSummary }
  | { readonly kind: "denied"; readonly denial: Denial };

const MAX_HEADER_BYTES = 64 * 1024;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;
const TARGET = /^(?:(https?):\/\/([^/?#]*))?(\/[^?#]*)?(\?[^#]*)?$/i;

/**
 * Brings the head of a request into normal form, or says why it cannot be:
 * every entry (absolute form, CONNECT, plain or in TLS, transparent) comes out
 * the same. Target, Host and the entry must name the same host and port.
 */
export function readHead(
  request: Pick<AgentStream, "method" | "target" | "rawHeaders" | "hasUntoldBody">,
  entry: Entry,
  policy: PolicyIndex,
): ReadHead {
  const unfit = refuseStart(request);
  if (unfit !== undefined) return unfit;
  const fields = readFields(request.rawHeaders, request.hasUntoldBody);
  if (fields.kind === "denied") return fields;
  const target = readTarget(request.target, fields.host, entry, policy);
  if (target.kind === "denied") return target;
  const mismatch = target.isReverse ? undefined : refuseHost(fields.host, target);
  if (mismatch !== undefined) return mismatch;
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

/** What node's server for HTTP/1.1 sees to by itself, and its server for HTTP/2 does not. */
function refuseStart({ method, target, rawHeaders }: Parameters<typeof readHead>[0]): Refused | undefined {
  if (method === "CONNECT") {
    return denied("ConnectInTunnel", "CONNECT came where the connection leads somewhere already");
  }
  if (!isKnownMethod(method)) return denied("BadRequest", "the method of the request is none that is known");
  // a client of HTTP/2 is bound by our settings only once it has said that it read them
  const length = rawHeaders.reduce((sum, text) => sum + text.length, target.length);
  return length > MAX_HEADER_BYTES
    ? denied("HeadTooLarge", "the head of the request is too large")
    : undefined;
}

/** Any other text in its place may be whatever the agent likes, and is not for the audit. */
export const isKnownMethod = (method: string): boolean => METHODS.includes(method);

/** Value of the Host header for a destination. */
export function hostHeaderOf({ scheme, host, port }: RequestHead): string {
  return port === DEFAULT_PORTS[scheme]
    ? formatAuthority({ host, port }).replace(/:\d+$/, "")
    : formatAuthority({ host, port });
}

interface Target extends Tunnel {
  readonly kind: "target";
  readonly path: string;
  readonly query: string;
  /** the Host header names the proxy */
  readonly isReverse: boolean;
}

type Refused = Extract<ReadHead, { kind: "denied" }>;

function readTarget(
  url: string,
  host: string | undefined,
  entry: Entry,
  policy: PolicyIndex,
): Target | Refused {
  const match = /^[\x21-\x7e]+$/.test(url) ? TARGET.exec(url) : null;
  if (match === null) return denied("BadRequest", "the target of the request is no URL and no path");
  const [, scheme, rawAuthority = "", path, query = ""] = match;
  const isReverse = entry.kind === "front" && scheme === undefined && path !== undefined;
  const origin = isReverse
    ? readReverseForm(path, host, policy)
    : readOrigin({ scheme, rawAuthority, path }, whereItLeads(entry, host));
  return origin.kind === "denied"
    ? origin
    : { path: path ?? "/", ...origin, kind: "target", query, isReverse };
}

interface Parts {
  readonly scheme: string | undefined;
  readonly rawAuthority: string;
  readonly path: string | undefined;
}

function readOrigin(
  { scheme, rawAuthority, path }: Parts,
  known: Origin | Refused | undefined,
): Origin | Refused {
  if (known?.kind === "denied") return known;
  return scheme === undefined ? fromEntry(known, path) : fromUrl(scheme, rawAuthority, known);
}

/** The Host header has to name what the target does. */
function refuseHost(host: string | undefined, { scheme, authority }: Target): Refused | undefined {
  const named = readHost(host, DEFAULT_PORTS[scheme]);
  if (named.kind === "denied") return named;
  if (isSame(named.authority, authority)) return undefined;
  return denied("AuthorityMismatch", "the Host header does not name the host and port that were asked for");
}

type Origin = Tunnel & { readonly kind: "origin" };

/** Where the requests of a connection go; undefined when each says so itself. */
function whereItLeads(entry: Entry, host: string | undefined): Origin | Refused | undefined {
  if (entry.kind === "front") return undefined;
  if (entry.kind === "tunnel") return { ...entry, kind: "origin" };
  const named = readHost(host, DEFAULT_PORTS.http);
  if (named.kind === "denied") return named;
  const { authority } = named;
  if (authority.port === DEFAULT_PORTS.http) return { kind: "origin", scheme: "http", authority };
  return denied("AuthorityMismatch", "the Host header names another port than the one that was connected to");
}

/** Origin form: the connection says where it goes. */
function fromEntry(known: Origin | undefined, path: string | undefined): Origin | Refused {
  if (known !== undefined && path !== undefined) return known;
  return denied("BadRequest", "the target of the request is no URL and no path");
}

/** Absolute form: the URL says where it goes; where that is known already it must agree. */
function fromUrl(rawScheme: string, rawAuthority: string, known: Origin | undefined): Origin | Refused {
  if (rawAuthority.includes("@")) return denied("UserinfoRefused", "the URL holds a user or a password");
  const scheme = rawScheme.toLowerCase() === "https" ? "https" : "http";
  const authority = normaliseAuthority(rawAuthority, DEFAULT_PORTS[scheme]);
  if (authority === undefined) return denied("BadRequest", "the host of the URL is not one");
  if (known !== undefined && (known.scheme !== scheme || !isSame(known.authority, authority))) {
    return denied("AuthorityMismatch", "the URL names another host or port than the connection leads to");
  }
  if (known === undefined && scheme === "https") {
    return denied("BadRequest", "https goes through CONNECT, not through a URL in the request line");
  }
  return { kind: "origin", scheme, authority };
}

function readHost(
  host: string | undefined,
  defaultPort: number,
): { readonly kind: "host"; readonly authority: Authority } | Refused {
  const authority = host === undefined ? undefined : normaliseAuthority(host, defaultPort);
  if (authority !== undefined) return { kind: "host", authority };
  return denied("BadRequest", "the Host header is missing, repeated or no host");
}

function isSame(one: Authority, other: Authority): boolean {
  return one.host === other.host && one.port === other.port;
}

function denied(code: DenialCode, because: string): Refused {
  return { kind: "denied", denial: { code, because } };
}
