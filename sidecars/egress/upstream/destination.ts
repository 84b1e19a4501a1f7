import { isIP } from "node:net";
import type { PolicyRoute } from "../../wire/egress-policy.ts";
import { type Authority, formatAuthority } from "../request/authority.ts";
import { AddressGuard } from "./address-guard.ts";
import type { Resolve } from "./resolve.ts";

/** Where a connection goes: addresses that were checked, and are used as they are. */
export interface PinnedDestination {
  readonly addresses: readonly string[];
  readonly port: number;
}

/** The host leads to an address that must not be connected to. Carries no address: it is none of the agent's affair. */
export class AddressNotAllowedError extends Error {
  override readonly name = "AddressNotAllowedError";
}

/**
 * Resolves a destination once and checks every address that it leads to; those
 * that are not allowed are left out. Throws AddressNotAllowedError when none
 * is left. `overrides` (from `host:port` to an authority, an IP address as its
 * host) were named by the operator and count as allowed.
 */
export async function pinDestination(
  wanted: Authority,
  route: Pick<PolicyRoute, "upstream" | "allowPrivate" | "resolver">,
  world: { readonly resolve: Resolve; readonly overrides: ReadonlyMap<string, Authority> },
): Promise<PinnedDestination> {
  const override = world.overrides.get(formatAuthority(wanted));
  if (override !== undefined) return { addresses: [override.host], port: override.port };
  const host = route.upstream?.address ?? wanted.host;
  const port = route.upstream?.port ?? wanted.port;
  const guard = new AddressGuard(route.allowPrivate);
  const found = isIP(host) === 0 ? await world.resolve(host, route.resolver) : [host];
  // connecting to a list without entries ends node, not the connection
  if (found.length === 0) throw Object.assign(new Error("no address"), { code: "ENOTFOUND" });
  const addresses = found.filter((address) => guard.allows(address));
  if (addresses.length === 0) throw new AddressNotAllowedError("no address is allowed");
  return { addresses, port };
}
