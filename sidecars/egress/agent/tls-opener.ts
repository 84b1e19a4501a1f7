import type { Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { Clock } from "../../shared/clock.ts";
import type { AuditLog } from "../audit-log.ts";
import type { Denial } from "../denial.ts";
import type { Enforcement } from "../enforcement.ts";
import { decideAuthority } from "../policy/decide-authority.ts";
import { type Authority, normaliseHost } from "../request/authority.ts";

/** from the first byte to the end of the handshake */
const HANDSHAKE_MS = 20_000;
const HTTPS_PORT = 443;
const NOT_TRUSTED = /alert (unknown ca|bad certificate|certificate unknown)/i;
/** what OpenSSL says when the client could have had TLS, and there was no certificate for it */
const NO_NAME = new Set(["ERR_SSL_NO_SHARED_CIPHER", "ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM"]);
const NO_TLS = new Set([
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_HTTPS_PROXY_REQUEST",
]);

export interface TlsOpenerParts {
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** what is in force now; undefined: nothing, so everything is denied */
  enforcement(): Enforcement | undefined;
  /** takes over what is inside of TLS; `outermost` is the connection below it */
  onOpen(socket: TLSSocket, authority: Authority, outermost: Socket): void;
}

/** What a connection has to go by, until it is open. */
interface Handshake {
  authority: Authority | undefined;
  denial: Denial | undefined;
}

/** With it a handshake ends in an alert: a client is told that there is no TLS for it, and not cut off in silence. */
const NO_CERTIFICATE = createSecureContext();
type ContextFor = (name: string, handshake: Handshake) => SecureContext | undefined;

/** Opens TLS towards the agent with a leaf of the bottle's CA, and only for hosts that were decided on. */
export class TlsOpener {
  readonly #parts: TlsOpenerParts;

  constructor(parts: TlsOpenerParts) {
    this.#parts = parts;
  }

  /** Opens TLS for a host and port that were decided on; a name in the handshake has to be that host. */
  openFor(socket: Socket, authority: Authority, enforcement: Enforcement): void {
    const secureContext = enforcement.leaves.contextFor(authority.host);
    this.#open(socket, { authority, denial: undefined }, secureContext, (name, handshake) => {
      if (normaliseHost(name) === authority.host) return secureContext;
      const because = "the name in TLS is not the one that CONNECT asked for";
      handshake.denial = { code: "AuthorityMismatch", because };
      return undefined;
    });
  }

  /** Opens TLS for a client that knows of no proxy: the name in the handshake says where it wants to go, on port 443. */
  openByName(socket: Socket): void {
    this.#open(socket, { authority: undefined, denial: undefined }, undefined, (name, handshake) =>
      this.#decide(name, handshake),
    );
  }

  #decide(name: string, handshake: Handshake): SecureContext | undefined {
    const enforcement = this.#parts.enforcement();
    const host = normaliseHost(name);
    if (host === undefined) {
      handshake.denial = { code: "BadRequest", because: "the name in TLS is no host" };
      return undefined;
    }
    const authority = { host, port: HTTPS_PORT };
    const verdict = decideAuthority(authority, enforcement, this.#parts.audit);
    if (verdict.kind === "deny") {
      handshake.denial = verdict.denial;
      if (verdict.isFitToPrint) handshake.authority = authority;
      return undefined;
    }
    handshake.authority = authority;
    return verdict.enforcement.leaves.contextFor(host);
  }

  #open(
    socket: Socket,
    handshake: Handshake,
    withoutName: SecureContext | undefined,
    contextFor: ContextFor,
  ): void {
    const cancel = this.#parts.clock.after(HANDSHAKE_MS, () => socket.destroy());
    socket.once("close", cancel);
    let isOpen = false;
    const tls = new TLSSocket(socket, {
      isServer: true,
      secureContext: withoutName ?? NO_CERTIFICATE,
      ALPNProtocols: ["h2", "http/1.1"],
      SNICallback: (name, done) => {
        const named = contextFor(name, handshake);
        // the certificate that is there already would be used
        if (named === undefined && withoutName !== undefined) return done(new Error("refused"));
        done(null, named);
      },
    });
    tls.once("secure", () => {
      cancel();
      // a session that is resumed needs no certificate, so nobody has asked for one by its name
      const name = tls.isSessionReused() ? nameIn(tls) : undefined;
      if (name !== undefined) contextFor(name, handshake);
      if (handshake.authority === undefined || handshake.denial !== undefined) {
        this.#record(new Error("refused"), handshake);
        return void tls.destroy();
      }
      isOpen = true;
      hasConnected(tls);
      this.#parts.onOpen(tls, handshake.authority, socket);
    });
    tls.on("error", (error: NodeJS.ErrnoException) => {
      if (!isOpen) this.#record(error, handshake);
      tls.destroy();
    });
  }

  #record(error: NodeJS.ErrnoException, { authority, denial }: Handshake): void {
    const refused = denial ?? refusalOf(error);
    if (refused !== undefined) {
      const { code, because } = refused;
      return this.#parts.audit.write({ verdict: "deny", code, because, ...authority });
    }
    if (!NOT_TRUSTED.test(error.message)) return;
    const because = "the client does not trust the bottle's CA";
    this.#parts.audit.write({ verdict: "error", code: "ClientDistrustsCa", because, ...authority });
  }
}

/** The name that a client asked for; OpenSSL resumes a session for the same name alone. */
function nameIn({ servername }: TLSSocket & { servername?: string | false | null }): string | undefined {
  return typeof servername === "string" ? servername : undefined;
}

/** As node's own TLS server says it: HTTP/2 waits for that, and it is not said of a socket that is made by hand. */
function hasConnected(socket: TLSSocket & { secureConnecting?: boolean }): void {
  socket.secureConnecting = false;
}

/** Undefined when the client went away, or knows by itself why it did not go on. */
function refusalOf({ code = "" }: NodeJS.ErrnoException): Denial | undefined {
  if (NO_NAME.has(code)) return { code: "ServerNameMissing", because: "TLS came without the name of a host" };
  return NO_TLS.has(code)
    ? { code: "TlsRequired", because: "what came on the port for TLS is not TLS" }
    : undefined;
}
