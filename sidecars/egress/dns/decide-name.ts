import { isIP } from "node:net";
import type { AuditLog } from "../audit-log.ts";
import type { Denial } from "../denial.ts";
import type { Enforcement } from "../enforcement.ts";
import { type AuthorityVerdict, decideAuthority } from "../policy/decide-authority.ts";
import { normaliseHost } from "../request/authority.ts";

/** What names answer with that lead to the transparent side of the proxy (local-runtime/images/airlock/nginx.conf). */
const TRANSPARENT_ADDRESS = "127.9.9.9";

const LOOPBACK = "127.0.0.1";
/** The link's names, the bottle's host name, and what means this machine everywhere (RFC 6761). */
const OWN_NAMES = new Set(["egress", "git-gate", "supervise", "bottle", "localhost"]);

type Refusal = Extract<AuthorityVerdict, { kind: "deny" }>;

/** What may be said of a name. */
export type NameVerdict =
  | { readonly kind: "address"; readonly address: string }
  /** the name is not told of; `host` is there when it may be recorded */
  | { readonly kind: "denied"; readonly denial: Denial; readonly host?: string };

/**
 * Decides on a name by the table that connections are decided by: it has an address when one to it would be let
 * through, on a port that a name alone leads to. Asks nobody.
 */
export function decideName(
  name: string | undefined,
  enforcement: Enforcement | undefined,
  audit: AuditLog,
): NameVerdict {
  const host = name === undefined ? undefined : normaliseHost(name);
  if (host === undefined || isIP(host) !== 0)
    return {
      kind: "denied",
      denial: { code: "BadRequest", because: "what was asked for is no name of a host" },
    };
  if (isOwnName(host)) return { kind: "address", address: LOOPBACK };
  const tls = decideAuthority({ host, port: 443 }, enforcement, audit);
  const http = decideAuthority({ host, port: 80 }, enforcement, audit);
  if (tls.kind === "deny" && http.kind === "deny") return refused(host, tls);
  return { kind: "address", address: TRANSPARENT_ADDRESS };
}

const isOwnName = (host: string): boolean => OWN_NAMES.has(host) || host.endsWith(".localhost");

function refused(host: string, { denial, isFitToPrint }: Refusal): NameVerdict {
  if (!isFitToPrint) return { kind: "denied", denial };
  const noPort = `no route for ${host} allows port 443 or 80, and without a proxy no other is reached`;
  const because = denial.code === "PortNotAllowed" ? noPort : denial.because;
  return { kind: "denied", denial: { ...denial, because }, host };
}
