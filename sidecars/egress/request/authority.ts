import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

const LABELS = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
const PLAIN_NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z]([a-z0-9-]{0,61}[a-z0-9])?)+$/;
const MAX_HOST_LENGTH = 253;

/** A host in its one normal form, and a port. */
export interface Authority {
  readonly host: string;
  readonly port: number;
}

/**
 * The one normal form of a host: lower-case A-labels without a trailing dot,
 * or the shortest form of an IP address whatever its notation was (decimal,
 * octal, hexadecimal, short, mapped into IPv6). Undefined when it is no host,
 * or holds what a host must not: a user, a percent sign, a letter beyond ASCII.
 */
export function normaliseHost(raw: string): string | undefined {
  if (!/^[\x21-\x7e]{1,300}$/.test(raw) || /[@%/?#\\]/.test(raw)) return undefined;
  if (PLAIN_NAME.test(raw) && !raw.includes("xn--")) return withinLength(raw);
  if (raw.includes(":")) return normaliseIpv6(raw.replace(/^\[(.*)\]$/, "$1"));
  const name = URL.parse(`http://${raw}/`)?.hostname.replace(/\.$/, "") ?? "";
  return LABELS.test(name) ? withinLength(name) : undefined;
}

/** `host` or `host:port` in normal form; undefined when it is neither. */
export function normaliseAuthority(raw: string, defaultPort: number): Authority | undefined {
  const colon = raw.endsWith("]") ? -1 : raw.lastIndexOf(":");
  if (colon === -1) return authority(raw, defaultPort);
  const port = raw.slice(colon + 1);
  return /^[1-9][0-9]{0,4}$/.test(port) ? authority(raw.slice(0, colon), Number(port)) : undefined;
}

/** `host:port`, an IPv6 address in brackets. */
export function formatAuthority({ host, port }: Authority): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function normaliseIpv6(text: string): string | undefined {
  return isIPv6(text) ? ipaddr.process(text).toString() : undefined;
}

function withinLength(host: string): string | undefined {
  return host.length <= MAX_HOST_LENGTH ? host : undefined;
}

function authority(rawHost: string, port: number): Authority | undefined {
  // an IPv6 address without brackets has no clear end
  const host = rawHost.includes(":") && !rawHost.startsWith("[") ? undefined : normaliseHost(rawHost);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}
