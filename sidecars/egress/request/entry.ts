import type { Authority } from "./authority.ts";

/** Where a connection leads, when that is known before any request on it. */
export interface Tunnel {
  readonly scheme: "http" | "https";
  readonly authority: Authority;
}

/**
 * How a connection of the agent came to the proxy, and with that what says where its requests go. `front`: a client that
 * knows of the proxy, whose requests say it themselves. `tunnel`: what CONNECT asked for, or the name in the TLS of a
 * client that knows of no proxy. `transparent`: plain http of such a client, whose Host fields say it, on port 80.
 */
export type Entry =
  { readonly kind: "front" } | ({ readonly kind: "tunnel" } & Tunnel) | { readonly kind: "transparent" };
