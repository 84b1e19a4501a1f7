import type { AuthPolicy } from "../../wire/route-auth.ts";
import { isCredentialField, plainName } from "../request/credential-names.ts";

/** Tells of a field, header or trailer, whether the agent may not send it on a route: it carries a credential, or the route's own goes there. */
export function refusedFields(auth: AuthPolicy): (name: string) => boolean {
  if (auth.mode === "passthrough") return () => false;
  const injected =
    auth.mode === "inject" && auth.carrier.in === "header" ? plainName(auth.carrier.name) : undefined;
  return (name) => isCredentialField(name) || plainName(name) === injected;
}
