import { once } from "node:events";
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { PROBE_PATH } from "../wire/control.ts";
import { TLSSocket } from "node:tls";
import type { AgentStream } from "./agent/agent-stream.ts";
import { Http1Stream } from "./agent/http1-stream.ts";
import { Http2Sessions } from "./agent/http2-sessions.ts";
import { TlsOpener } from "./agent/tls-opener.ts";
import { refuseSocket } from "./answer.ts";
import type { AuditLog } from "./audit-log.ts";
import { Asks } from "./asks/asks.ts";
import { Budgets } from "./budgets.ts";
import { Connections } from "./connections.ts";
import type { Enforcement } from "./enforcement.ts";
import { Exchanges } from "./exchanges.ts";
import { createHttpServer, type HttpEvents } from "./http-server.ts";
import { judgeConnection } from "./policy/judge.ts";
import type { IndexedRoute } from "./policy/policy-index.ts";
import type { Authority } from "./request/authority.ts";
import type { Entry } from "./request/entry.ts";
import { Tunnels } from "./tunnels.ts";
import type { UpstreamWorld } from "./upstream/connector.ts";
import { UpstreamPools } from "./upstream/pools.ts";
import { upgradeStream } from "./websocket/upgrade-stream.ts";

const MAX_CONNECTIONS = 512;
/** for what was cut off to end */
const CUT_OFF_MS = 1_000;
const PROBE = new RegExp(`^${PROBE_PATH.replaceAll(".", "\\.")}\\?nonce=([0-9a-f]{32})$`);

export interface EgressProxyParts {
  readonly world: UpstreamWorld;
  readonly audit: AuditLog;
  /** called with the nonce of every probe that came through the listener */
  onProbe?(nonce: string): void;
  /** default 30 s */
  readonly headersTimeoutMs?: number;
  /** how often HTTP/2 sessions of agents are looked after; default 60 s */
  readonly keepAliveMs?: number;
}

/** Where to listen: a unix socket, or an address. */
export type ListenTarget = { readonly path: string } | { readonly host: string; readonly port: number };

/**
 * Who calls there: `proxy`, clients that know of the proxy; `tls` and `http`, clients that know of none and were led here
 * where they looked for port 443 and port 80 of some host. The name in TLS or the Host field says of which.
 */
export type WayIn = "proxy" | "tls" | "http";

/**
 * The egress chokepoint. Denies everything until it is told what to enforce,
 * and again when that is taken away.
 */
export class EgressProxy {
  /** what waits for somebody's answer */
  readonly asks: Asks;
  readonly budgets: Budgets;
  readonly #audit: AuditLog;
  readonly #onProbe: EgressProxyParts["onProbe"];
  readonly #listeners: Server[] = [];
  readonly #http: HttpServer;
  readonly #http2: Http2Sessions;
  readonly #tls: TlsOpener;
  readonly #tunnels: Tunnels;
  readonly #exchanges: Exchanges;
  readonly #pools: UpstreamPools;
  readonly #connections = new Connections(MAX_CONNECTIONS);
  #enforcement: Enforcement | undefined;

  constructor(parts: EgressProxyParts) {
    const { audit, world } = parts;
    const enforcement = (): Enforcement | undefined => this.#enforcement;
    this.#audit = audit;
    this.#onProbe = parts.onProbe;
    this.#pools = new UpstreamPools(world);
    this.asks = new Asks(world.clock);
    this.budgets = new Budgets(world.clock, audit);
    const { asks, budgets } = this;
    this.#exchanges = new Exchanges({ audit, world, asks, budgets, pools: this.#pools, enforcement });
    this.#tls = new TlsOpener({
      ...{ audit, clock: world.clock, enforcement },
      onOpen: (socket, authority, outermost) =>
        this.#readHttp(socket, { kind: "tunnel", scheme: "https", authority }, outermost),
    });
    this.#tunnels = new Tunnels({
      ...{ audit, clock: world.clock, enforcement, tls: this.#tls },
      onPlain: (socket, authority) => this.#readHttp(socket, { kind: "tunnel", scheme: "http", authority }),
    });
    this.#http = createHttpServer(this.#httpEvents(), parts.headersTimeoutMs);
    this.#http.emit("listening");
    this.#http2 = new Http2Sessions({
      ...{ clock: world.clock, headersTimeoutMs: parts.headersTimeoutMs, keepAliveMs: parts.keepAliveMs },
      onRequest: (agent, socket) => this.#exchange(agent, socket),
      onTooMany: (agent) =>
        this.#exchanges.refuse(agent, {
          code: "TooMuchHeld",
          because: "too many requests are under way at once",
        }),
    });
  }

  /** What is in force; undefined: everything is denied. */
  get enforcement(): Enforcement | undefined {
    return this.#enforcement;
  }

  /**
   * Puts another policy in force, from the next request on. What is under way
   * and no longer allowed is cut off, and so are its connections; undefined
   * cuts off everything.
   */
  enforce(next: Enforcement | undefined): void {
    this.#enforcement = next;
    this.#exchanges.keepOnlyAllowed();
    const routesTo = (authority: Authority): readonly IndexedRoute[] => {
      const verdict = next === undefined ? undefined : judgeConnection(authority, next.policy);
      return verdict?.kind === "allow" ? verdict.routes : [];
    };
    this.#connections.keepOnly((authority) => routesTo(authority).length > 0);
    this.#pools.keepOnly((target, way) =>
      routesTo(target).some(({ route }) => this.#pools.wayOf(route) === way),
    );
  }

  /** May be called for several ways in, and for one several times. */
  async listen(target: ListenTarget, way: WayIn = "proxy"): Promise<AddressInfo | string | null> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#accept(socket, way),
    );
    server.listen(target);
    await once(server, "listening");
    this.#listeners.push(server);
    return server.address();
  }

  /** Stops at once; what is under way is cut off, and recorded. */
  async close(): Promise<void> {
    this.enforce(undefined);
    const closed = this.#listeners.map((server) => once(server, "close"));
    for (const server of this.#listeners.splice(0)) server.close();
    this.#http.close();
    this.#connections.closeAll();
    await Promise.all([...closed, this.#exchanges.untilNone(CUT_OFF_MS)]);
  }

  #httpEvents(): HttpEvents {
    return {
      onRequest: (request, response, awaitsContinue) => this.#take(request, response, awaitsContinue),
      onConnect: (request, socket, head) => this.#connect(request, socket, head),
      onUpgrade: (request, socket, head) => this.#exchange(upgradeStream(request, socket, head), socket),
      onMalformed: ({ code, because }) => this.#audit.write({ verdict: "deny", code, because }),
      isPlainTunnel: (socket) => {
        const entry = this.#connections.entryOf(socket);
        return entry?.kind === "tunnel" && entry.scheme === "http";
      },
    };
  }

  #accept(socket: Socket, way: WayIn): void {
    this.#connections.accept(socket);
    if (way === "proxy") return this.#readHttp(socket, { kind: "front" });
    if (way === "http") return this.#readHttp(socket, { kind: "transparent" });
    socket.on("error", () => socket.destroy());
    this.#tls.openByName(socket);
  }

  #readHttp(socket: Socket, entry: Entry, outermost?: Socket): void {
    this.#connections.enter(socket, entry, outermost);
    if (socket instanceof TLSSocket && socket.alpnProtocol === "h2") this.#http2.accept(socket);
    else this.#http.emit("connection", socket);
  }

  #connect(request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (this.#connections.entryOf(socket)?.kind === "front")
      return this.#tunnels.connect(request, socket, head);
    const denial = {
      code: "ConnectInTunnel",
      because: "CONNECT came where it leads somewhere already",
    } as const;
    this.#audit.write({ verdict: "deny", ...denial, method: "CONNECT" });
    refuseSocket(socket, denial);
  }

  #take(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const { socket } = request;
    const isFront = this.#connections.entryOf(socket)?.kind === "front";
    if (isFront && answeredProbe(request, response, this.#onProbe)) return this.#connections.touch(socket);
    this.#exchange(new Http1Stream(request, response, awaitsContinue), socket);
  }

  #exchange(agent: AgentStream, socket: Socket): void {
    const entry = this.#connections.entryOf(socket);
    // what came in one piece with a request that ended its connection comes here all the same
    if (entry === undefined || socket.destroyed) return agent.cut();
    this.#connections.touch(socket);
    if (!this.#connections.begin(socket)) {
      const because = "too many requests of one connection are under way at once";
      this.#audit.write({ verdict: "deny", code: "TooMuchHeld", because });
      return agent.cut();
    }
    void this.#exchanges.take(agent, entry).finally(() => this.#connections.end(socket));
  }
}

/** The probe is answered in origin form on the listener alone: a request for some host with this path is a request. */
function answeredProbe(
  request: IncomingMessage,
  response: ServerResponse,
  onProbe: EgressProxyParts["onProbe"],
): boolean {
  const nonce = request.method === "GET" ? PROBE.exec(request.url ?? "")?.[1] : undefined;
  if (nonce === undefined || onProbe === undefined) return false;
  onProbe(nonce);
  response.writeHead(204).end();
  return true;
}
