import { createHash, X509Certificate } from "node:crypto";
import type { PolicyRoute } from "./egress-policy.ts";

const DEFAULT_PORT = 443;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** What a route needs a secret to be bound to before it may inject it at `port`. */
export function neededDestinations(route: PolicyRoute, host: string, port: number): string[] {
  const needed = [destination(host, port)];
  if (route.upstream !== undefined) {
    needed.push(destination(route.upstream.address, route.upstream.port ?? port));
    if (route.upstream.caBundle !== undefined) needed.push(...fingerprintsOf(route.upstream.caBundle));
  }
  return needed;
}

/**
 * What `destinations` lacks for a route to inject the secret at a host and
 * port; undefined when the secret is bound to all of it. Whoever writes the
 * route cannot widen this: the address and the CA that it brings count too.
 */
export function missingDestination(
  destinations: readonly string[],
  route: PolicyRoute,
  host: string,
  port: number,
): string | undefined {
  const bound = new Set(destinations.map(canonicalDestination));
  return neededDestinations(route, host, port).find((needed) => !bound.has(needed));
}

function destination(host: string, port: number): string {
  const name = host.includes(":") ? `[${host}]` : host.toLowerCase();
  return `${name}:${port}`;
}

/** `host`, `host:port`, an IPv6 address with or without brackets, or `sha256:` and a fingerprint. */
function canonicalDestination(text: string): string {
  const lower = text.trim().toLowerCase();
  if (lower.startsWith("sha256:")) return `sha256:${lower.slice("sha256:".length).replaceAll(":", "")}`;
  const [, bracketed, bare, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(lower) ?? [];
  return destination(bracketed ?? bare ?? lower, port === undefined ? DEFAULT_PORT : Number(port));
}

/** OpenSSL trusts other kinds of blocks too: a bundle that has one is bound to nothing. */
function fingerprintsOf(bundle: string): string[] {
  const certificates = bundle.match(PEM) ?? [];
  const blocks = bundle.match(/-----BEGIN/g) ?? [];
  if (certificates.length !== blocks.length) return ["nothing: its CA bundle has unreadable blocks"];
  return certificates.map((pem) => {
    const der = new X509Certificate(pem).raw;
    return `sha256:${createHash("sha256").update(der).digest("hex")}`;
  });
}
