import { isIP, isIPv6, type LookupFunction, type Socket } from "node:net";
import net from "node:net";
import tls from "node:tls";
import type { buildConnector } from "undici";
import type { PolicyRoute } from "../../wire/egress-policy.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Authority } from "../request/authority.ts";
import { pinDestination, type PinnedDestination } from "./destination.ts";
import type { Resolve } from "./resolve.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** what a record of TLS holds: undici reads all that waits at once, and would have to put several together */
const RECORD_BYTES = 16 * 1024;
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 60_000 };
/** before the next address is tried beside a slow one */
const NEXT_ADDRESS_MS = 300;

/** What connecting to upstreams needs of the world. */
export interface UpstreamWorld {
  readonly resolve: Resolve;
  /** by `host:port`; see pinDestination */
  readonly overrides: ReadonlyMap<string, Authority>;
  /** what upstreams are verified against where a route brings nothing of its own */
  readonly trust: () => tls.SecureContext;
  readonly clock: Clock;
  /** how long an upstream may be silent; default 15 min, as a model may think for minutes before its first byte */
  readonly silenceMs?: number;
}

/** What a pool of connections is for. */
export interface UpstreamTarget extends Authority {
  readonly scheme: "http" | "https";
  readonly route: Pick<PolicyRoute, "upstream" | "allowPrivate" | "resolver">;
}

/** Opens a connection, over TLS with these protocols of HTTP to choose from. */
export type Dial = (protocols: readonly string[]) => Promise<Socket>;

/**
 * Opens connections of one pool. Each resolves anew, checks the addresses and
 * connects to these alone, so a name that changes its mind between check and
 * use gains nothing. TLS is verified against the name that was asked for.
 */
export function createDial(target: UpstreamTarget, world: UpstreamWorld): Dial {
  const secureContext = target.scheme === "https" ? trustOf(target, world) : undefined;
  let session: Buffer | undefined;

  const open = (pinned: PinnedDestination, protocols: readonly string[]): Socket => {
    if (secureContext === undefined) return net.connect(socketOptions(pinned, target.host));
    const socket = tls.connect({
      ...socketOptions(pinned, target.host),
      ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
      ...(session === undefined ? {} : { session }),
      secureContext,
      ALPNProtocols: [...protocols],
      checkServerIdentity: (_name, certificate) => tls.checkServerIdentity(target.host, certificate),
    });
    socket.on("session", (ticket) => (session = ticket));
    return socket;
  };

  return async (protocols) =>
    whenConnected(open(await pinDestination(target, target.route, world), protocols), world.clock);
}

/** For undici, which speaks HTTP/1.1 on them. */
export function connectorOf(dial: Dial): buildConnector.connector {
  return (_options, done) => {
    dial(["http/1.1"]).then(
      (socket) => done(null, socket),
      (error: Error) => done(error, null),
    );
  };
}

/** Trusts the system's roots, those of NODE_EXTRA_CA_CERTS and `extraPem`; made on first use and shared. */
export function createTrust(extraPem: string | undefined): () => tls.SecureContext {
  let context: tls.SecureContext | undefined;
  return () => {
    const ca = extraPem === undefined ? {} : { ca: [...tls.getCACertificates("default"), extraPem] };
    context ??= tls.createSecureContext({ minVersion: "TLSv1.2", ...ca });
    return context;
  };
}

function trustOf({ route }: UpstreamTarget, world: UpstreamWorld): tls.SecureContext {
  const ca = route.upstream?.caBundle;
  return ca === undefined ? world.trust() : tls.createSecureContext({ minVersion: "TLSv1.2", ca });
}

function socketOptions(pinned: PinnedDestination, host: string): net.TcpNetConnectOpts {
  const [only] = pinned.addresses;
  const options = { port: pinned.port, noDelay: true, ...KEEP_ALIVE, highWaterMark: RECORD_BYTES };
  if (pinned.addresses.length === 1 && only !== undefined) return { ...options, host: only };
  const lookup: LookupFunction = (_host, _options, done) =>
    done(
      null,
      pinned.addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
    );
  return {
    ...options,
    host,
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
  };
}

function whenConnected(socket: Socket, clock: Clock): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null): void => {
      cancel();
      socket.removeListener("error", settle);
      socket.removeListener(connected, succeed);
      if (error === null) return resolve(socket);
      socket.on("error", () => undefined).destroy();
      reject(error);
    };
    const succeed = (): void => settle(null);
    const connected = socket instanceof tls.TLSSocket ? "secureConnect" : "connect";
    const cancel = clock.after(CONNECT_TIMEOUT_MS, () =>
      settle(Object.assign(new Error("connect timeout"), { code: "ETIMEDOUT" })),
    );
    socket.once("error", settle);
    socket.once(connected, succeed);
  });
}
