import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../shared/clock.ts";
import type { TlsOpener } from "./agent/tls-opener.ts";
import { refuseSocket } from "./answer.ts";
import type { AuditLog } from "./audit-log.ts";
import type { Denial } from "./denial.ts";
import type { Enforcement } from "./enforcement.ts";
import { decideAuthority } from "./policy/decide-authority.ts";
import { type Authority, normaliseAuthority } from "./request/authority.ts";

/** for the first byte inside */
const FIRST_BYTE_MS = 20_000;
/** first byte of a TLS record that begins a handshake */
const TLS_HANDSHAKE = 0x16;

export interface TunnelParts {
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly tls: TlsOpener;
  /** what is in force now; undefined: nothing, so everything is denied */
  enforcement(): Enforcement | undefined;
  /** takes over a tunnel in which no TLS is spoken */
  onPlain(socket: Socket, authority: Authority): void;
}

/**
 * Answers CONNECT: decides on host and port before a leaf is minted, and has TLS opened inside. A client that speaks no
 * TLS is handed on as it is, as some send http through a tunnel.
 */
export class Tunnels {
  readonly #parts: TunnelParts;

  constructor(parts: TunnelParts) {
    this.#parts = parts;
  }

  connect(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const asked = readTarget(request);
    if (asked.kind === "denied") return this.#refuse(socket, asked.denial, undefined);
    const { authority } = asked;
    const verdict = decideAuthority(authority, this.#parts.enforcement(), this.#parts.audit);
    if (verdict.kind === "deny") {
      return this.#refuse(socket, verdict.denial, verdict.isFitToPrint ? authority : undefined);
    }
    if (head.length > 0) socket.unshift(head);
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    const cancel = this.#parts.clock.after(FIRST_BYTE_MS, () => socket.destroy());
    socket.once("close", cancel);
    socket.once("readable", () => {
      cancel();
      const first = socket.read() as Buffer | null;
      if (first === null) return void socket.destroy();
      socket.unshift(first);
      if (first[0] === TLS_HANDSHAKE) this.#parts.tls.openFor(socket, authority, verdict.enforcement);
      else this.#parts.onPlain(socket, authority);
    });
  }

  #refuse(socket: Socket, denial: Denial, authority: Authority | undefined): void {
    const { code, because } = denial;
    this.#parts.audit.write({ verdict: "deny", code, because, method: "CONNECT", ...authority });
    refuseSocket(socket, denial);
  }
}

type Target =
  | { readonly kind: "target"; readonly authority: Authority }
  | { readonly kind: "denied"; readonly denial: Denial };

/** Host and port of a CONNECT. */
function readTarget(request: IncomingMessage): Target {
  const url = request.url ?? "";
  if (url.includes("@")) return denied("UserinfoRefused", "the target of CONNECT holds a user");
  const authority = normaliseAuthority(url, 0);
  if (authority === undefined || authority.port === 0) {
    return denied("BadRequest", "the target of CONNECT is not a host and a port");
  }
  if (isContradicted(authority, request.headersDistinct["host"] ?? [])) {
    return denied(
      "AuthorityMismatch",
      "the Host header of CONNECT is not the one host and port of its target",
    );
  }
  return { kind: "target", authority };
}

/** Old clients leave the Host header of CONNECT out; what there is must not say otherwise. */
function isContradicted({ host, port }: Authority, hosts: readonly string[]): boolean {
  const [only] = hosts;
  if (only === undefined) return false;
  const named = normaliseAuthority(only, port);
  return hosts.length > 1 || named?.host !== host || named.port !== port;
}

function denied(code: Denial["code"], because: string): Target {
  return { kind: "denied", denial: { code, because } };
}
