import type { EgressPolicy, PolicyRoute } from "../../wire/egress-policy.ts";
import type { Authority } from "../request/authority.ts";
import { normalisePath } from "../request/path.ts";

/** A route made ready for matching. */
export interface IndexedRoute {
  readonly route: PolicyRoute;
  readonly prefixes: readonly { readonly path: string; readonly alternative: string }[];
  /** undefined: any */
  readonly methods: ReadonlySet<string> | undefined;
}

/** A policy made ready for lookups by host. Immutable. */
export interface PolicyIndex extends Pick<
  EgressPolicy,
  "mode" | "unlisted" | "askSeconds" | "resolver" | "budget"
> {
  readonly exact: ReadonlyMap<string, readonly IndexedRoute[]>;
  /** by what follows `*.` */
  readonly wildcard: ReadonlyMap<string, readonly IndexedRoute[]>;
  /** where the path form leads, by the names of routes for one host and over TLS */
  readonly byName: ReadonlyMap<string, Authority>;
}

/** Makes a policy ready. Throws when a path cannot be matched; a valid policy has none such. */
export function indexPolicy(policy: EgressPolicy): PolicyIndex {
  const exact = new Map<string, IndexedRoute[]>();
  const wildcard = new Map<string, IndexedRoute[]>();
  for (const route of policy.routes) {
    const isWildcard = route.host.startsWith("*.");
    const map = isWildcard ? wildcard : exact;
    const key = isWildcard ? route.host.slice(2) : route.host;
    map.set(key, [...(map.get(key) ?? []), indexRoute(route)]);
  }
  const { mode, unlisted, askSeconds, resolver, budget } = policy;
  return { exact, wildcard, byName: namesOf(policy.routes), mode, unlisted, askSeconds, resolver, budget };
}

/** Routes without a name of their own share that of their host. */
function namesOf(routes: readonly PolicyRoute[]): Map<string, Authority> {
  const byName = new Map<string, Authority>();
  for (const { name, host, ports } of routes) {
    const port = ports.includes(443) ? 443 : ports.find((other) => other !== 80);
    if (port !== undefined && !host.startsWith("*.") && !byName.has(name)) byName.set(name, { host, port });
  }
  return byName;
}

/**
 * The routes that speak for a host: those that name it, else those of the
 * longest wildcard over it. A host that is named is never served by a wildcard,
 * which may be wider.
 */
export function routesFor(index: PolicyIndex, host: string): readonly IndexedRoute[] {
  const named = index.exact.get(host);
  if (named !== undefined) return named;
  if (index.wildcard.size === 0) return [];
  for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".", dot + 1)) {
    const found = index.wildcard.get(host.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return [];
}

/** Makes one route ready. */
export function indexRoute(route: PolicyRoute): IndexedRoute {
  return {
    route,
    prefixes: route.paths.map((prefix) => {
      const normal = normalisePath(prefix);
      if (normal.kind === "invalid") throw new Error(`route ${route.name}: ${normal.because}`);
      return normal;
    }),
    methods: route.methods.includes("*") ? undefined : new Set(route.methods),
  };
}
