import type { RouteAuth } from "../../crds/route-auth.ts";
import type { AuthPolicy, Carrier } from "./route-auth.ts";

/** The `auth` of a route with every default filled in. Pure; `auth` must be valid by its schema. */
export function compileAuth(auth: RouteAuth | undefined): AuthPolicy {
  if (auth === undefined) return { mode: "strip" };
  if (auth.mode === "passthrough") return { mode: "passthrough" };
  if (auth.secretRef === undefined) throw new Error("a route injects a secret and names none");
  const { name, key } = auth.secretRef;
  return {
    mode: "inject",
    carrier: carrierOf(auth),
    secret: { name, key },
    require: auth.require ?? "nothing",
  };
}

function carrierOf({ scheme = "Bearer", header, prefix = "", query, sigv4 }: RouteAuth): Carrier {
  if (sigv4 !== undefined) return { in: "signature", region: sigv4.region, service: sigv4.service };
  if (query !== undefined) return { in: "query", name: query };
  if (header !== undefined) return { in: "header", name: header.toLowerCase(), prefix, coding: "none" };
  return {
    in: "header",
    name: "authorization",
    prefix: `${scheme} `,
    coding: scheme === "Basic" ? "base64" : "none",
  };
}
