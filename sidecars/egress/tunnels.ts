import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { refuseSocket } from "./answer.ts";
import type { AuditLog } from "./audit-log.ts";
import type { Clock } from "../shared/clock.ts";
import type { Denial } from "./denial.ts";
import type { Enforcement } from "./enforcement.ts";
import { decideConnection } from "./policy/decide.ts";
import { type Authority, normaliseAuthority, normaliseHost } from "./request/authority.ts";
import type { Tunnel } from "./request/read-head.ts";

const HANDSHAKE_MS = 20_000;
/** first byte of a TLS record that begins a handshake */
const TLS_HANDSHAKE = 0x16;
const NOT_TRUSTED = /alert (unknown ca|bad certificate|certificate unknown)/i;

export interface TunnelParts {
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** what is in force now; undefined: nothing, so everything is denied */
  enforcement(): Enforcement | undefined;
  /** takes over a connection on which plain HTTP can be read */
  onHttp(socket: Socket): void;
}

/**
 * Answers CONNECT: decides on host and port before a leaf is minted, opens TLS
 * with it, and hands on what is inside. A client that speaks no TLS is handed on
 * as it is, as some send http through a tunnel.
 */
export class Tunnels {
  readonly #parts: TunnelParts;
  readonly #open = new Map<Socket, Tunnel>();

  constructor(parts: TunnelParts) {
    this.#parts = parts;
  }

  /** The tunnel that a connection came out of; undefined when it came directly. */
  of(socket: Socket): Tunnel | undefined {
    return this.#open.get(socket);
  }

  /** Closes those that lead where nothing is allowed any more. */
  keepOnly(isAllowed: (authority: Authority) => boolean): void {
    for (const [socket, { authority }] of this.#open) if (!isAllowed(authority)) socket.destroy();
  }

  connect(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const enforcement = this.#parts.enforcement();
    if (enforcement === undefined) {
      return this.#refuse(socket, denied("NotConfigured", "no policy is in force yet"));
    }
    const asked = readTarget(request);
    const target = asked.kind === "denied" ? asked : decideTunnel(asked.authority, enforcement);
    if (target.kind === "denied") return this.#refuse(socket, target);
    if (!this.#parts.audit.hasRoom()) {
      return this.#refuse(socket, denied("AuditUnavailable", "the audit is not taken up fast enough"));
    }
    if (head.length > 0) socket.unshift(head);
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    const cancel = this.#parts.clock.after(HANDSHAKE_MS, () => socket.destroy());
    socket.once("close", cancel);
    socket.once("readable", () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return void socket.destroy();
      socket.unshift(first);
      if (first[0] !== TLS_HANDSHAKE)
        this.#handOn(socket, { scheme: "http", authority: target.authority }, cancel);
      else this.#openTls(socket, target.authority, { enforcement, cancel });
    });
  }

  #openTls(
    socket: Socket,
    authority: Authority,
    { enforcement, cancel }: { readonly enforcement: Enforcement; readonly cancel: () => void },
  ): void {
    const secureContext = enforcement.leaves.contextFor(authority.host);
    const tls = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      ALPNProtocols: ["http/1.1"],
      SNICallback: (name, done) =>
        this.#checkName(name, authority, (error) => done(error, error ? undefined : secureContext)),
    });
    tls.once("secure", () => this.#handOn(tls, { scheme: "https", authority }, cancel));
    tls.on("error", (error) => {
      if (!this.#open.has(tls)) this.#recordHandshake(error, authority);
      tls.destroy();
    });
  }

  #checkName(name: string, authority: Authority, done: (error: Error | null) => void): void {
    if (normaliseHost(name) === authority.host) return done(null);
    this.#record("AuthorityMismatch", "the name in TLS is not the one that CONNECT asked for", authority);
    done(new Error("name mismatch"));
  }

  #handOn(socket: Socket, tunnel: Tunnel, cancel: () => void): void {
    cancel();
    this.#open.set(socket, tunnel);
    socket.once("close", () => this.#open.delete(socket));
    this.#parts.onHttp(socket);
  }

  #refuse(socket: Socket, { denial, authority }: Target & { kind: "denied" }): void {
    this.#record(denial.code, denial.because, authority);
    refuseSocket(socket, denial);
  }

  #recordHandshake(error: Error, authority: Authority): void {
    if (!NOT_TRUSTED.test(error.message)) return;
    const because = "the client does not trust the bottle's CA";
    this.#parts.audit.write({ verdict: "error", code: "ClientDistrustsCa", because, ...authority });
  }

  #record(code: Denial["code"], because: string, authority: Authority | undefined): void {
    this.#parts.audit.write({ verdict: "deny", code, because, method: "CONNECT", ...authority });
  }
}

type Target =
  | { readonly kind: "target"; readonly authority: Authority }
  | { readonly kind: "denied"; readonly denial: Denial; readonly authority?: Authority | undefined };

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

/** Refuses a tunnel in which nothing could be allowed. */
function decideTunnel(authority: Authority, enforcement: Enforcement): Target {
  const { host } = authority;
  const name = enforcement.detector.inspectHead({ method: "CONNECT", host, path: "/", headers: [] });
  if (name.kind !== "clean") return denied("SecretInHead", "the name of the host holds a secret");
  const verdict = decideConnection(authority, enforcement.policy);
  return verdict.kind === "deny"
    ? { kind: "denied", denial: verdict, authority }
    : { kind: "target", authority };
}

function denied(code: Denial["code"], because: string): Target & { kind: "denied" } {
  return { kind: "denied", denial: { code, because } };
}
