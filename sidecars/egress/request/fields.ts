import { FRAMING_FIELDS } from "../../../crds/framing-fields.ts";
import type { Denial, DenialCode } from "../denial.ts";
import { plainName } from "./credential-names.ts";

/** What of the header fields matters before anything is decided. */
export interface FieldSummary {
  readonly kind: "fields";
  /** undefined when missing or repeated */
  readonly host: string | undefined;
  /** name, value, name, value, … without Host, framing and what belongs to one hop */
  readonly headers: readonly string[];
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** undefined without Content-Length */
  readonly contentLength: number | undefined;
  readonly hasBody: boolean;
  /** the client asks for the trailers of the answer, and gRPC insists that it does */
  readonly takesTrailers: boolean;
  readonly asksForWebSocket: boolean;
}

/** Fields of one hop and framing, which is written anew for the next hop. */
export const HOP_FIELDS: ReadonlySet<string> = new Set(FRAMING_FIELDS);

/** of the trailers of one message, either way */
const MAX_TRAILER_BYTES = 64 * 1024;

/** What fields take, nearly as HTTP/1.1 writes them. */
export function bytesOfFields(flat: readonly string[]): number {
  return flat.reduce((sum, text) => sum + text.length + 2, 0);
}

/** Whether trailers are more than anybody needs at the end of a message. */
export function areTooManyTrailers(flat: readonly string[]): boolean {
  return bytesOfFields(flat) > MAX_TRAILER_BYTES;
}

/** Sorts the header fields of a request; refuses framing that servers read in different ways. */
export function readFields(
  raw: readonly string[],
  hasUntoldBody = false,
): FieldSummary | { readonly kind: "denied"; readonly denial: Denial } {
  const { headers, hop } = sort(raw);
  const framing = refuseFraming(hop);
  if (framing !== undefined) return framing;
  const length = hop.get("content-length");
  const contentLength = length === undefined ? undefined : Number(length);
  return {
    kind: "fields",
    host: onlyOne(hop.get("host")),
    headers: withoutNamed(headers, hop.get("connection")),
    contentType: valueOf(headers, "content-type"),
    contentEncoding: valueOf(headers, "content-encoding"),
    contentLength,
    hasBody: hasUntoldBody || hop.has("transfer-encoding") || (contentLength ?? 0) > 0,
    takesTrailers: /\btrailers\b/i.test(hop.get("te") ?? ""),
    asksForWebSocket: /websocket/i.test(hop.get("upgrade") ?? ""),
  };
}

/** Repeated fields of this hop are joined to a list. */
function sort(raw: readonly string[]): { headers: string[]; hop: Map<string, string> } {
  const headers: string[] = [];
  const hop = new Map<string, string>();
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase();
    const value = raw[index + 1]!;
    if (isTwin(name)) continue;
    if (!HOP_FIELDS.has(name)) headers.push(name, value);
    else hop.set(name, hop.has(name) ? `${hop.get(name)}, ${value}` : value);
  }
  return { headers, hop };
}

/** Whether some servers take it for a field that was decided on or scanned by: `Content_Length`, `Content_Encoding`. */
function isTwin(name: string): boolean {
  const plain = plainName(name);
  return plain !== name && (HOP_FIELDS.has(plain) || plain.startsWith("content-"));
}

/** Fields one by one: name and value. */
export function pairsOf(flat: readonly string[]): [name: string, value: string][] {
  const list: [string, string][] = [];
  for (let index = 0; index < flat.length; index += 2) list.push([flat[index]!, flat[index + 1]!]);
  return list;
}

/** Fields as an object, with lists of values for their names. */
export function groupedByName(flat: readonly string[]): Record<string, string[]> {
  // a field may be named as what every object has
  const fields = Object.create(null) as Record<string, string[]>;
  for (let index = 0; index < flat.length; index += 2) {
    (fields[flat[index]!.toLowerCase()] ??= []).push(flat[index + 1]!);
  }
  return fields;
}

function onlyOne(value: string | undefined): string | undefined {
  return value?.includes(",") === true ? undefined : value;
}

/** The value of a field, joined as a list when it is repeated; undefined when there is none. */
function valueOf(headers: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] === name)
      value = value === undefined ? headers[index + 1] : `${value}, ${headers[index + 1]}`;
  }
  return value;
}

/** Node's parser is strict already; this says the same where it is lenient: gzip as transfer coding, lists of lengths. */
function refuseFraming(hop: ReadonlyMap<string, string>): { kind: "denied"; denial: Denial } | undefined {
  const coding = hop.get("transfer-encoding");
  const length = hop.get("content-length");
  if (coding !== undefined && length !== undefined) {
    return denied("BadRequest", "the request has both Content-Length and Transfer-Encoding");
  }
  if (coding !== undefined && coding.trim().toLowerCase() !== "chunked") {
    return denied("TransferCodingRefused", "the request has a transfer coding other than chunked");
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) {
    return denied("BadRequest", "the Content-Length is not one number");
  }
  return undefined;
}

/** Drops the fields that `Connection` names as belonging to this hop. */
function withoutNamed(headers: string[], connection: string | undefined): string[] {
  if (connection === undefined || /^(close|keep-alive)$/i.test(connection)) return headers;
  const named = new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
  return headers.filter((_, index) => !named.has(headers[index - (index % 2)]!));
}

function denied(code: DenialCode, because: string): { kind: "denied"; denial: Denial } {
  return { kind: "denied", denial: { code, because } };
}
