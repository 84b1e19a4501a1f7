import { createHash } from "node:crypto";
import type { Pool } from "undici";
import UndiciPool from "undici/lib/dispatcher/pool.js";
import type { PolicyRoute } from "../../wire/egress-policy.ts";
import { connectorOf, createDial, type Dial, type UpstreamTarget, type UpstreamWorld } from "./connector.ts";
import { Http2Upstream } from "./http2-upstream.ts";

const MAX_POOLS = 256;
const CONNECTIONS_PER_POOL = 128;
const SILENCE_MS = 15 * 60_000;
const KEEP_ALIVE_MS = 4_000;
const MAX_KEEP_ALIVE_MS = 60_000;
const MAX_HEADER_BYTES = 64 * 1024;

/** The connections to one upstream, by what is spoken on them. */
export interface UpstreamPool {
  readonly http1: Pool;
  readonly http2: Http2Upstream;
}

interface OpenPool extends UpstreamPool {
  readonly target: UpstreamTarget;
}

/**
 * Kept-alive connections, one pool for each host, port and way to get there.
 * Two routes that lead to the same host in different ways share nothing, so a
 * connection always was checked by the rules of the route that uses it.
 */
export class UpstreamPools {
  readonly #world: UpstreamWorld;
  readonly #open = new Map<string, OpenPool>();
  readonly #ways = new WeakMap<object, string>();

  constructor(world: UpstreamWorld) {
    this.#world = world;
  }

  get #silenceMs(): number {
    return this.#world.silenceMs ?? SILENCE_MS;
  }

  poolFor(target: UpstreamTarget): UpstreamPool {
    const key = `${target.scheme}://${target.host}:${target.port} ${this.wayOf(target.route)}`;
    const open = this.#open.get(key);
    if (open !== undefined) return open;
    this.#closeOldest();
    const dial = createDial(target, this.#world);
    const http2 = new Http2Upstream(target.host, dial, {
      clock: this.#world.clock,
      silenceMs: this.#silenceMs,
    });
    const pool = { target, http1: this.#create(target, dial), http2 };
    this.#open.set(key, pool);
    return pool;
  }

  /** Closes every pool that `isWanted` does not name; what is under way there is cut off. */
  keepOnly(isWanted: (target: UpstreamTarget, way: string) => boolean): void {
    for (const [key, { target, http1, http2 }] of this.#open) {
      if (isWanted(target, this.wayOf(target.route))) continue;
      this.#open.delete(key);
      void http1.destroy();
      http2.destroy();
    }
  }

  /** Equal for routes that lead to a host in the same way. */
  wayOf(route: Pick<PolicyRoute, "upstream" | "allowPrivate" | "resolver">): string {
    let way = this.#ways.get(route);
    if (way === undefined) {
      const parts = JSON.stringify([route.upstream ?? null, route.allowPrivate, route.resolver]);
      way = createHash("sha256").update(parts).digest("base64");
      this.#ways.set(route, way);
    }
    return way;
  }

  #create(target: UpstreamTarget, dial: Dial): Pool {
    const host = target.host.includes(":") ? `[${target.host}]` : target.host;
    return new UndiciPool(`${target.scheme}://${host}:${target.port}`, {
      connect: connectorOf(dial),
      connections: CONNECTIONS_PER_POOL,
      pipelining: 1,
      allowH2: false,
      headersTimeout: this.#silenceMs,
      bodyTimeout: this.#silenceMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: MAX_KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
  }

  #closeOldest(): void {
    const [oldest] = this.#open;
    if (oldest === undefined || this.#open.size < MAX_POOLS) return;
    this.#open.delete(oldest[0]);
    void oldest[1].http1.close();
    oldest[1].http2.close();
  }
}
