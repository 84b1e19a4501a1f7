import ipaddr from "ipaddr.js";
import {
  DEFAULT_MAX_BODY_BYTES,
  DEFAULT_METHODS,
  DEFAULT_PORTS,
  type Egress,
  type EgressRoute,
} from "../../crds/egress.ts";
import { compileAuth } from "./compile-auth.ts";
import type { PolicyRoute } from "./egress-policy.ts";

/** Injection is for TLS only, so a route that injects does not answer on 80 unless that is written. */
const DEFAULT_INJECTING_PORTS = [443];

/**
 * The routes of a policy as the egress proxy enforces them: every default is
 * filled in, hosts are lower-case, addresses in their shortest form. Pure, and
 * keeps the order. `egress` must be valid by its schema.
 */
export function compileRoutes(egress: Egress): PolicyRoute[] {
  return (egress.routes ?? []).map(compileRoute);
}

function compileRoute(route: EgressRoute): PolicyRoute {
  const auth = compileAuth(route.auth);
  const host = canonicalHost(route.host);
  return {
    name: route.name ?? host,
    host,
    ports: route.ports ?? [...(auth.mode === "inject" ? DEFAULT_INJECTING_PORTS : DEFAULT_PORTS)],
    methods: route.methods ?? [...DEFAULT_METHODS],
    paths: route.paths ?? ["/"],
    auth,
    scan: route.scan ?? "full",
    ...(route.upstream === undefined
      ? {}
      : { upstream: { ...route.upstream, address: canonicalHost(route.upstream.address) } }),
    allowPrivate: route.allowPrivate ?? [],
    maxBodyBytes: route.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
  };
}

/** An IPv4 address mapped into IPv6 is that IPv4 address, as for the hosts of requests. */
function canonicalHost(host: string): string {
  return ipaddr.isValid(host) ? ipaddr.process(host).toString() : host.toLowerCase();
}
