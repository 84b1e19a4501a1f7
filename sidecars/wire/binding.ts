import { createHash, X509Certificate } from "node:crypto";
import { parseGitUrl } from "../../crds/git-url.ts";
import type { PolicyRoute } from "./egress-policy.ts";
import type { RemotePolicy } from "./git-policy.ts";

const DEFAULT_PORT = 443;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** What a route needs a secret to be bound to before it may inject it at `port`. */
export function neededDestinations(route: PolicyRoute, host: string, port: number): string[] {
  const needed = [destination(host, port)];
  const { upstream } = route;
  return upstream === undefined
    ? needed
    : [...needed, ...neededAt(upstream.address, upstream.port ?? port, upstream.caBundle)];
}

/** What a remote needs its secret to be bound to: host, port, and any CA that it brings. The host key is public. */
export function neededForRemote({
  name,
  url,
  caBundle,
}: Pick<RemotePolicy, "name" | "url" | "caBundle">): string[] {
  const address = parseGitUrl(url);
  if (address === undefined) throw new Error(`the URL of remote ${name} is not one that the schema accepts`);
  return neededAt(address.host, address.port, caBundle);
}

/** What an API token needs to be bound to before it may be sent to a forge. */
export function neededForForge({
  forgeUrl,
  caBundle,
}: {
  forgeUrl: string;
  caBundle?: string | undefined;
}): string[] {
  const { hostname, port } = new URL(forgeUrl);
  return neededAt(hostname.replace(/^\[(.*)\]$/, "$1"), port === "" ? DEFAULT_PORT : Number(port), caBundle);
}

/** The first of what is needed that `destinations` lacks. */
export function firstUnbound(destinations: readonly string[], needed: readonly string[]): string | undefined {
  const bound = new Set(destinations.map(canonicalDestination));
  return needed.find((each) => !bound.has(each));
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
  return firstUnbound(destinations, neededDestinations(route, host, port));
}

function neededAt(host: string, port: number, caBundle: string | undefined): string[] {
  return [destination(host, port), ...(caBundle === undefined ? [] : fingerprintsOf(caBundle))];
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
