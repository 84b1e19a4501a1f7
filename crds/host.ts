import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII, domainToUnicode } from "node:url";
import * as z from "zod";
import { type Rule, withOrderedRules } from "./rules.ts";

const LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
const NAME = `^(\\*\\.)?${LABEL}(\\.${LABEL})*$`;
const WILDCARD = "^\\*\\.[^*.]+(\\.[^*.]+)+$";
/** RFC 4291, 2.5.5.2; `::ffff:a` is none, for its last group stands alone */
const MAPPED_IPV4 = /^::ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}$/;
const ENDS_IN_NUMBER = "(^|\\.)([0-9]+|0[xX][0-9a-fA-F]*)$";

/** What a host may be; the order matters, because each rule presumes the ones before it. */
const WELL_FORMED: readonly Rule<string>[] = [
  {
    holds: (self) => !/[\s\u0000-\u001f\u007f]/.test(self),
    cel: String.raw`!self.matches(r'[\s\x00-\x1f\x7f]')`,
    message: "has a space or a control character: write the host alone",
  },
  {
    holds: (self) => !self.includes("://"),
    cel: "!self.contains('://')",
    message: "is a URL: write the host alone; the scheme follows from the port, paths go in `paths`",
    hint: (self) => suggestion(URL.parse(self)?.hostname),
  },
  {
    holds: (self) => !self.includes("@"),
    cel: "!self.contains('@')",
    message: "has a user in it: write the host alone; a credential goes in `auth`",
  },
  {
    holds: (self) => !/[/?#\\]/.test(self),
    cel: String.raw`!self.matches(r'[/?#\\]')`,
    message: "has a path or a query: write the host alone; path prefixes go in `paths`",
  },
  {
    holds: (self) => !/[[\]]/.test(self),
    cel: String.raw`!self.matches(r'[\[\]]')`,
    message: "has brackets: write an IPv6 address without them and ports in `ports`",
  },
  {
    holds: (self) => !/^[^:]*:[0-9]*$/.test(self),
    cel: "!self.matches('^[^:]*:[0-9]*$')",
    message: "has a port: write the host alone and the port in `ports`",
  },
  {
    holds: (self) => /^[\u0021-\u007e]*$/.test(self),
    cel: String.raw`self.matches(r'^[\x21-\x7e]*$')`,
    message: "has letters beyond ASCII: write its A-label, so that nobody mistakes it for another host",
    hint: (self) => suggestion(domainToASCII(self)),
  },
  {
    holds: (self) => !self.endsWith("."),
    cel: "!self.endsWith('.')",
    message: "ends with a dot: leave it out",
  },
  {
    holds: (self) => !self.includes("*") || new RegExp(WILDCARD).test(self),
    cel: `!self.contains('*') || self.matches(r'${WILDCARD}')`,
    message:
      "has a wildcard that is too wide or misplaced: only a first label before at least two others may be *, as in *.example.com",
  },
  {
    holds: (self) => !self.includes(":") || isCanonicalIpv6(self),
    cel: "!self.contains(':') || (isIP(self) && ip.isCanonical(self))",
    message: "is not an IPv6 address in its shortest lower-case form",
    hint: (self) => suggestion(URL.parse(`http://[${self}]/`)?.hostname.slice(1, -1)),
  },
  {
    holds: (self) => !new RegExp(ENDS_IN_NUMBER).test(self) || isIPv4(self) || self.includes(":"),
    cel: `!self.matches(r'${ENDS_IN_NUMBER}') || isIP(self)`,
    message: "is an IPv4 address in an odd notation: write four decimal numbers",
    hint: (self) => suggestion(URL.parse(`http://${self}/`)?.hostname),
  },
  {
    holds: (self) => new RegExp(NAME).test(self) || self.includes(":"),
    cel: `self.contains(':') || self.matches(r'${NAME}')`,
    message:
      "is not a host name: labels are 1 to 63 letters, digits, '-' or '_', do not start or end with '-', and are joined by single dots",
  },
  {
    // Node leaves a label as it is when it cannot be decoded.
    holds: (self) => !/(^|\.)xn--/i.test(domainToUnicode(self.replace(/^\*\./, ""))),
    cel: undefined,
    message: "has an xn-- label that is not valid punycode: copy the name again",
  },
];

const EXACT: Rule<string> = {
  holds: (self) => !self.includes("*"),
  cel: "!self.contains('*')",
  message: "is a wildcard, but one host must be named here",
};

/** Host of a route: a name, `*.` and a name, or an IP address in its usual notation. */
export const HostPattern = withOrderedRules(z.string().min(1).max(253), WELL_FORMED);

/** One host: a name or an IP address in its usual notation. */
export const Host = withOrderedRules(z.string().min(1).max(253), [EXACT, ...WELL_FORMED]);

function suggestion(host: string | undefined): string | undefined {
  return host === undefined || host === "" ? undefined : `write ${host}`;
}

function isCanonicalIpv6(text: string): boolean {
  return (
    isIPv6(text) &&
    !text.includes("%") &&
    URL.parse(`http://[${text}]/`)?.hostname === `[${text}]` &&
    !MAPPED_IPV4.test(text)
  );
}
