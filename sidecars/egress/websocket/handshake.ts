import type { IncomingMessage } from "node:http";

const KEY = /^[+/0-9A-Za-z]{22}==$/;
const TOKENS = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** of the handshake, and written anew for the next hop */
const OF_ONE_HOP: ReadonlySet<string> = new Set([
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-version",
]);

/**
 * Whether a request is a handshake of WebSocket (RFC 6455, 4.1) and nothing
 * besides: no body, one key, version 13. What only looks like one stays a
 * request and is refused as such, so that no two readings of it exist.
 */
export function isHandshake(request: IncomingMessage): boolean {
  const { method, httpVersion, headers } = request;
  const hasBody = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
  if (method !== "GET" || httpVersion !== "1.1" || hasBody) return false;
  const isUpgrade =
    headers.upgrade?.toLowerCase() === "websocket" &&
    /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(headers.connection ?? "");
  return isUpgrade && isVersion13(request) && protocolsOf(headers["sec-websocket-protocol"]) !== undefined;
}

function isVersion13({ headersDistinct: all }: IncomingMessage): boolean {
  return all["sec-websocket-version"]?.join() === "13" && KEY.test(all["sec-websocket-key"]?.join() ?? "");
}

/** The subprotocols that a field lists; undefined when it is no list of them, each named once. */
export function protocolsOf(field: string | undefined): string[] | undefined {
  if (field === undefined) return [];
  const names = field.split(",").map((name) => name.trim());
  return names.every((name) => TOKENS.test(name)) && new Set(names).size === names.length ? names : undefined;
}

/** The fields of a handshake that are not of one hop alone: name, value, name, value, … */
export function withoutHandshake(headers: readonly string[]): string[] {
  return headers.filter((_, index) => !OF_ONE_HOP.has(headers[index - (index % 2)]!.toLowerCase()));
}
