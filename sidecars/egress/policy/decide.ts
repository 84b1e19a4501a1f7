import type { PolicyRoute } from "../../wire/egress-policy.ts";
import type { RequestHead } from "../request/request-head.ts";
import type { DenialCode } from "../denial.ts";
import { type IndexedRoute, type PolicyIndex, routesFor } from "./policy-index.ts";

/** What the policy says of a request. `because` is the text of the denial and of the audit line. */
export type Verdict =
  | { readonly kind: "allow"; readonly route: PolicyRoute; readonly because: string }
  | { readonly kind: "deny"; readonly code: DenialCode; readonly route?: string; readonly because: string };

/** What of a request the policy looks at. */
export type Decidable = Pick<RequestHead, "host" | "port" | "method" | "path" | "alternativePath">;

/**
 * Decides on a request: the routes that speak for its host, of those the ones
 * with its port, of those the ones with the longest prefix of its path; one of
 * them must name its method. Pure; everything that is not allowed is denied.
 */
export function decide(head: Decidable, policy: PolicyIndex): Verdict {
  const onPort = decideConnection(head, policy);
  if (onPort.kind === "deny") return onPort;
  if (head.method === "TRACE") return deny("MethodNotAllowed", "TRACE is refused on every route");
  const verdict = byPathAndMethod(onPort.routes, head, "path");
  if (head.alternativePath === head.path || verdict.kind === "deny") return verdict;
  const other = byPathAndMethod(onPort.routes, head, "alternative");
  if (other.kind === "allow" && other.route === verdict.route) return verdict;
  return deny(
    "PathAmbiguous",
    `the path can be read in two ways, and only one of them is within route ${verdict.route.name}`,
  );
}

/** Decides on a tunnel, of which only host and port are known: whether any request in it could be allowed. */
export function decideConnection(
  { host, port }: Pick<Decidable, "host" | "port">,
  policy: PolicyIndex,
): { readonly kind: "allow"; readonly routes: readonly IndexedRoute[] } | Extract<Verdict, { kind: "deny" }> {
  const routes = routesFor(policy, host);
  if (routes.length === 0) return deny("HostNotAllowed", `no route allows the host ${host}`);
  const onPort = routes.filter(({ route }) => route.ports.includes(port));
  if (onPort.length === 0) return deny("PortNotAllowed", `no route for ${host} allows port ${port}`);
  return { kind: "allow", routes: onPort };
}

function byPathAndMethod(
  routes: readonly IndexedRoute[],
  head: Decidable,
  reading: "path" | "alternative",
): Verdict {
  const path = reading === "path" ? head.path : head.alternativePath;
  let longest = -1;
  let matching: IndexedRoute[] = [];
  for (const candidate of routes) {
    const length = longestPrefix(candidate, path, reading);
    if (length > longest) [longest, matching] = [length, [candidate]];
    else if (length === longest && length !== -1) matching.push(candidate);
  }
  if (longest === -1) return deny("PathNotAllowed", `no route for ${head.host} allows this path`);
  const allowing = matching.find(({ methods }) => methods === undefined || methods.has(head.method));
  if (allowing === undefined) {
    const name = matching[0]?.route.name;
    return deny("MethodNotAllowed", `route ${name} does not allow the method ${head.method}`, name);
  }
  return { kind: "allow", route: allowing.route, because: `route ${allowing.route.name} allows it` };
}

function longestPrefix({ prefixes }: IndexedRoute, path: string, reading: "path" | "alternative"): number {
  let longest = -1;
  for (const prefix of prefixes) {
    const text = prefix[reading];
    if (text.length > longest && isWithin(path, text)) longest = text.length;
  }
  return longest;
}

/** `/v1` holds `/v1` and `/v1/…`; `/v1/` holds `/v1/…` alone. */
function isWithin(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  return prefix.endsWith("/") || path.length === prefix.length || path[prefix.length] === "/";
}

function deny(code: DenialCode, because: string, route?: string): Extract<Verdict, { kind: "deny" }> {
  return route === undefined ? { kind: "deny", code, because } : { kind: "deny", code, because, route };
}
