import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import * as z from "zod";
import { type Rule, withOrderedRules } from "./rules.ts";

// 10.0.0.0/8 and fc00::/7 are the widest private blocks there are.
const WIDEST_IPV4 = 8;
const WIDEST_IPV6 = 7;

const RULES: readonly Rule<string>[] = [
  {
    holds: (self) => blockOf(self) !== undefined,
    cel: "!self.matches(':.*[.]') && (isIP(self) || isCIDR(self))",
    message: "is neither an IP address nor a CIDR block: write 10.1.2.3 or 10.1.0.0/16, or the same in IPv6",
  },
  {
    holds: (self) => blockOf(self)?.hostBitsSet !== true,
    cel: "isIP(self) || cidr(self).masked() == cidr(self)",
    message: "has bits set beyond its prefix length, so it is unclear what is meant",
    hint: (self) => `write ${blockOf(self)?.network} for the block, or the address alone`,
  },
  {
    holds: (self) => blockOf(self)?.tooWide !== true,
    cel: `isIP(self) || cidr(self).prefixLength() >= (cidr(self).ip().family() == 4 ? ${WIDEST_IPV4} : ${WIDEST_IPV6})`,
    message: `is wider than any private block (/${WIDEST_IPV4} for IPv4, /${WIDEST_IPV6} for IPv6): name the addresses that are meant`,
  },
];

/** An IP address or a CIDR block that names addresses on purpose. */
export const AddressBlock = withOrderedRules(z.string().min(1).max(64), RULES);

const WITH_PORT = /^(?:([0-9.]+)|\[([0-9a-f:]+)\]):([1-9][0-9]{0,4})$/;
const WITHOUT_PORT = String.raw`isIP(self) && !self.matches(':.*[.]')`;
const CEL_PORT = "int(self.substring(self.lastIndexOf(':') + 1)) <= 65535";

/** Address of a DNS server, with or without a port; an IPv6 address before a port stands in brackets. */
export const Resolver = withOrderedRules(z.string().min(1).max(64), [
  {
    holds: (self) => resolverAddress(self) !== undefined,
    cel: `(${WITHOUT_PORT}) || (self.matches(r'^[0-9.]+:[1-9][0-9]{0,4}$') && isIP(self.substring(0, self.lastIndexOf(':'))) && ${CEL_PORT}) || (self.matches(r'^\\[[0-9a-f:]+\\]:[1-9][0-9]{0,4}$') && isIP(self.substring(1, self.lastIndexOf(']'))) && ${CEL_PORT})`,
    message:
      "is not the address of a DNS server: write 10.0.0.53, 10.0.0.53:5353, fd00::53 or [fd00::53]:5353; a name would have to be looked up first",
  },
] satisfies Rule<string>[]);

const DNS_PORT = 53;

/** Address and port of a DNS server; undefined when it is none. */
export function resolverAddress(text: string): { address: string; port: number } | undefined {
  const [, v4, v6, digits] = WITH_PORT.exec(text) ?? [];
  const address = v4 ?? v6 ?? text;
  const port = digits === undefined ? DNS_PORT : Number(digits);
  if (isIP(address) === 0 || /%|:.*\./.test(address) || port > 65_535) return undefined;
  return { address: ipaddr.process(address).toString(), port };
}

interface Block {
  readonly network: string;
  readonly hostBitsSet: boolean;
  readonly tooWide: boolean;
}

/** Strict, unlike ipaddr.js itself: no octal, no short forms, no zones, no IPv4 in IPv6. */
function blockOf(text: string): Block | undefined {
  const [address = "", length, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || /%|:.*\./.test(address) || rest.length > 0) return undefined;
  if (length === undefined) return { network: text, hostBitsSet: false, tooWide: false };
  return isPrefixLength(length, family) ? cidrOf(text, address, Number(length)) : undefined;
}

function isPrefixLength(length: string, family: number): boolean {
  return /^(0|[1-9]\d{0,2})$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
}

function cidrOf(text: string, address: string, length: number): Block {
  const [kind, widest] = isIP(address) === 4 ? [ipaddr.IPv4, WIDEST_IPV4] : [ipaddr.IPv6, WIDEST_IPV6];
  const network = kind.networkAddressFromCIDR(text).toString();
  return {
    network: `${network}/${length}`,
    hostBitsSet: network !== ipaddr.parse(address).toString(),
    tooWide: length < widest,
  };
}
