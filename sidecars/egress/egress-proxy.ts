import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { PROBE_PATH } from "../wire/control.ts";
import { Http1Stream } from "./agent/http1-stream.ts";
import { refuseSocket } from "./answer.ts";
import type { AuditLog } from "./audit-log.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import type { Enforcement } from "./enforcement.ts";
import { Exchanges } from "./exchanges.ts";
import { createHttpServer, type HttpEvents } from "./http-server.ts";
import { decideConnection } from "./policy/decide.ts";
import type { IndexedRoute } from "./policy/policy-index.ts";
import type { Authority } from "./request/authority.ts";
import { Tunnels } from "./tunnels.ts";
import type { UpstreamWorld } from "./upstream/connector.ts";
import { UpstreamPools } from "./upstream/pools.ts";

const MAX_CONNECTIONS = 512;
const PROBE = new RegExp(`^${PROBE_PATH.replaceAll(".", "\\.")}\\?nonce=([0-9a-f]{32})$`);

export interface EgressProxyParts {
  readonly world: UpstreamWorld;
  readonly audit: AuditLog;
  /** called with the nonce of every probe that came through the listener */
  onProbe?(nonce: string): void;
  /** default 30 s */
  readonly headersTimeoutMs?: number;
}

/** Where to listen: a unix socket, or an address. */
export type ListenTarget = { readonly path: string } | { readonly host: string; readonly port: number };

/**
 * The egress chokepoint. Denies everything until it is told what to enforce,
 * and again when that is taken away.
 */
export class EgressProxy {
  readonly #front: Server;
  readonly #inner: Server;
  readonly #tunnels: Tunnels;
  readonly #exchanges: Exchanges;
  readonly #pools: UpstreamPools;
  readonly #connections = new ConnectionLimit(MAX_CONNECTIONS);
  #enforcement: Enforcement | undefined;

  constructor(parts: EgressProxyParts) {
    const { audit, world } = parts;
    const enforcement = (): Enforcement | undefined => this.#enforcement;
    this.#pools = new UpstreamPools(world);
    this.#exchanges = new Exchanges({ audit, world, pools: this.#pools, enforcement });
    this.#tunnels = new Tunnels({
      audit,
      clock: world.clock,
      enforcement,
      onHttp: (socket) => this.#inner.emit("connection", socket),
    });
    const onMalformed: HttpEvents["onMalformed"] = (code, because) =>
      audit.write({ verdict: "deny", code, because });
    const outside: HttpEvents = {
      onRequest: (request, response, awaitsContinue) => {
        this.#connections.touch(request.socket);
        if (!answeredProbe(request, response, parts.onProbe)) this.#take(request, response, awaitsContinue);
      },
      onConnect: (request, socket, head) => this.#tunnels.connect(request, socket, head),
      onMalformed,
    };
    const inside: HttpEvents = {
      onRequest: (request, response, awaitsContinue) => this.#take(request, response, awaitsContinue),
      onConnect: (_request, socket) => refuseNestedTunnel(socket, audit),
      onMalformed,
    };
    this.#front = createHttpServer(outside, parts.headersTimeoutMs);
    this.#front.on("connection", (socket: Socket) => this.#connections.add(socket));
    this.#inner = createHttpServer(inside, parts.headersTimeoutMs);
    this.#inner.emit("listening");
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
      const verdict = next === undefined ? undefined : decideConnection(authority, next.policy);
      return verdict?.kind === "allow" ? verdict.routes : [];
    };
    this.#tunnels.keepOnly((authority) => routesTo(authority).length > 0);
    this.#pools.keepOnly((target, way) =>
      routesTo(target).some(({ route }) => this.#pools.wayOf(route) === way),
    );
  }

  async listen(target: ListenTarget): Promise<AddressInfo | string | null> {
    this.#front.listen(target);
    await once(this.#front, "listening");
    return this.#front.address();
  }

  /** Stops at once; what is under way is cut off. */
  async close(): Promise<void> {
    this.enforce(undefined);
    const closed = this.#front.listening ? once(this.#front, "close") : Promise.resolve();
    this.#front.close();
    this.#inner.close();
    this.#connections.closeAll();
    await closed;
  }

  #take(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const agent = new Http1Stream(request, response, awaitsContinue);
    void this.#exchanges.take(agent, this.#tunnels.of(request.socket));
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

function refuseNestedTunnel(socket: Socket, audit: AuditLog): void {
  const denial = { code: "ConnectInTunnel", because: "CONNECT came inside a tunnel" } as const;
  audit.write({ verdict: "deny", ...denial, method: "CONNECT" });
  refuseSocket(socket, denial);
}
