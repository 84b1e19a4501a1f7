import { isIP } from "node:net";
import type { Denial } from "../denial.ts";
import type { Enforcement } from "../enforcement.ts";
import { decideConnection } from "../policy/decide.ts";
import { normaliseHost } from "../request/authority.ts";

/** What names answer with that lead to the transparent side of the proxy (local-runtime/images/airlock/nginx.conf). */
const TRANSPARENT_ADDRESS = "127.9.9.9";

const LOOPBACK = "127.0.0.1";
/** The link's names, the bottle's host name, and what means this machine everywhere (RFC 6761). */
const OWN_NAMES = new Set(["egress", "git-gate", "supervise", "bottle", "localhost"]);
/** The ports that a name alone leads to. */
const TRANSPARENT_PORTS = [443, 80];

/** What may be said of a name. */
export type NameVerdict =
  | { readonly kind: "address"; readonly address: string }
  /** the name is not told of; `host` is there when it may be recorded */
  | { readonly kind: "denied"; readonly denial: Denial; readonly host?: string };

/**
 * Decides on a name by the table that CONNECT is decided by: it has an address when any route lets a request to it
 * through, on a port that a name alone leads to. Pure; asks nobody.
 */
export function decideName(name: string | undefined, enforcement: Enforcement | undefined): NameVerdict {
  const host = name === undefined ? undefined : normaliseHost(name);
  if (host !== undefined && isOwnName(host)) return { kind: "address", address: LOOPBACK };
  if (enforcement === undefined)
    return denied({ code: "NotConfigured", because: "no policy is in force yet" });
  if (host === undefined || isIP(host) !== 0)
    return denied({ code: "BadRequest", because: "what was asked for is no name of a host" });
  const head = enforcement.detector.inspectHead({ method: "CONNECT", host, path: "/", headers: [] });
  if (head.kind !== "clean")
    return denied({ code: "SecretInHead", because: "the name of the host holds a secret" });
  const verdicts = TRANSPARENT_PORTS.map((port) => decideConnection({ host, port }, enforcement.policy));
  if (verdicts.some(({ kind }) => kind === "allow")) return { kind: "address", address: TRANSPARENT_ADDRESS };
  const { code, because } = verdicts.find((verdict) => verdict.kind === "deny") as Denial;
  const noPort = `no route for ${host} allows port 443 or 80, and without a proxy no other is reached`;
  return denied({ code, because: code === "PortNotAllowed" ? noPort : because }, host);
}

const isOwnName = (host: string): boolean => OWN_NAMES.has(host) || host.endsWith(".localhost");

function denied(denial: Denial, host?: string): NameVerdict {
  return host === undefined ? { kind: "denied", denial } : { kind: "denied", denial, host };
}
