import ipaddr from "ipaddr.js";

type Block = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Public by its number, and yet a cloud's service for its own machines: Azure's wire server. */
const NOT_PUBLIC = new Set(["168.63.129.16"]);
const GLOBAL_UNICAST: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse("2000::"), 3];
/** never a place to connect to, whatever a route names */
const NEVER = new Set(["unspecified", "broadcast", "multicast"]);

/**
 * Says which addresses may be connected to: those of the public internet, and
 * those that `allowPrivate` names (addresses or CIDR blocks). Private, shared,
 * link-local, loopback, metadata, multicast and reserved addresses are not,
 * nor is IPv6 that wraps IPv4 (mapped, NAT64, 6to4, Teredo).
 */
export class AddressGuard {
  readonly #named: readonly Block[];

  constructor(allowPrivate: readonly string[]) {
    this.#named = allowPrivate.map(blockOf);
  }

  /** `address` as the resolver gives it; what is no address is not allowed. */
  allows(address: string): boolean {
    if (!ipaddr.isValid(address) || address.includes("%")) return false;
    const parsed = ipaddr.process(address);
    if (NEVER.has(parsed.range())) return false;
    return isPublic(parsed) || this.#named.some((block) => isWithin(parsed, block));
  }
}

function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== "unicast" || NOT_PUBLIC.has(address.toString())) return false;
  return address.kind() === "ipv4" || isWithin(address, GLOBAL_UNICAST);
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, [network, length]: Block): boolean {
  return address.kind() === network.kind() && address.match(network, length);
}

function blockOf(text: string): Block {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}
