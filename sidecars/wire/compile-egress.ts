import ipaddr from "ipaddr.js";
import { resolverAddress } from "../../crds/address.ts";
import type { Egress } from "../../crds/egress.ts";
import {
  DEFAULT_ASK_SECONDS,
  DEFAULT_MAX_BODY_BYTES,
  DEFAULT_METHODS,
  DEFAULT_PORTS,
} from "../../crds/egress-defaults.ts";
import type { EgressRule } from "../../crds/egress-rule.ts";
import type { EgressRoute } from "../../crds/egress-route.ts";
import { compileAuth } from "./compile-auth.ts";
import type { EgressPolicy, PolicyRoute, PolicyRule } from "./egress-policy.ts";

/** Injection is for TLS only, so a route that injects does not answer on 80 unless that is written. */
const DEFAULT_INJECTING_PORTS = [443];

/**
 * A policy as the egress proxy enforces it: every default is filled in, hosts
 * are lower-case, addresses in their shortest form. Pure, and keeps the order.
 * `egress` must be valid by its schema.
 */
export function compileEgress(egress: Egress): EgressPolicy {
  return {
    mode: egress.mode ?? "enforce",
    unlisted: egress.unlisted ?? "deny",
    askSeconds: egress.askSeconds ?? DEFAULT_ASK_SECONDS,
    canaries: egress.canaries ?? "none",
    rules: (egress.rules ?? []).map(compileRule),
    gitleaksRules: egress.gitleaksRules ?? "",
    budget: egress.budget ?? {},
    routes: compileRoutes(egress),
    resolver: compileResolver(egress),
  };
}

/** The routes of `compileEgress` alone. */
export function compileRoutes(egress: Pick<Egress, "routes" | "resolver">): PolicyRoute[] {
  const resolver = compileResolver(egress);
  return (egress.routes ?? []).map((route) => compileRoute(route, resolver));
}

function compileRule({ name, pattern, keywords, anyCase, allowHosts }: EgressRule): PolicyRule {
  return {
    id: name,
    pattern,
    keywords: keywords ?? [],
    anyCase: anyCase ?? false,
    allowHosts: (allowHosts ?? []).map(canonicalHost),
  };
}

/** Each as `address:port`, so that what names the same servers is the same. */
function compileResolver({ resolver }: Pick<Egress, "resolver">): string[] {
  return (resolver ?? []).map((text) => {
    const server = resolverAddress(text);
    if (server === undefined) throw new Error(`the resolver ${text} is not one that the schema accepts`);
    const { address, port } = server;
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  });
}

function compileRoute(route: EgressRoute, resolver: string[]): PolicyRoute {
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
    ...limitsOf(route),
    resolver,
  };
}

function limitsOf({ maxBodyBytes, budget, serverTools }: EgressRoute) {
  return {
    maxBodyBytes: maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    budget: budget ?? {},
    serverTools: serverTools ?? ("deny" as const),
  };
}

/** An IPv4 address mapped into IPv6 is that IPv4 address, as for the hosts of requests. */
function canonicalHost(host: string): string {
  return ipaddr.isValid(host) ? ipaddr.process(host).toString() : host.toLowerCase();
}
