import { createHash } from "node:crypto";
import type { Pool } from "undici";
import UndiciPool from "undici/lib/dispatcher/pool.js";
import type { PolicyRoute } from "../../wire/egress-policy.ts";
import { createConnector, type UpstreamTarget, type UpstreamWorld } from "./connector.ts";

const MAX_POOLS = 256;
const CONNECTIONS_PER_POOL = 128;
/** a model may think for minutes before its first byte */
const HEADERS_TIMEOUT_MS = 15 * 60_000;
const BODY_TIMEOUT_MS = 15 * 60_000;
const KEEP_ALIVE_MS = 4_000;
const MAX_KEEP_ALIVE_MS = 60_000;
const MAX_HEADER_BYTES = 64 * 1024;

interface OpenPool {
  readonly target: UpstreamTarget;
  readonly pool: Pool;
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

  poolFor(target: UpstreamTarget): Pool {
    const key = `${target.scheme}://${target.host}:${target.port} ${this.wayOf(target.route)}`;
    const open = this.#open.get(key);
    if (open !== undefined) return open.pool;
    this.#closeOldest();
    const pool = this.#create(target);
    this.#open.set(key, { target, pool });
    return pool;
  }

  /** Closes every pool that `isWanted` does not name; what is under way there is cut off. */
  keepOnly(isWanted: (target: UpstreamTarget, way: string) => boolean): void {
    for (const [key, { target, pool }] of this.#open) {
      if (isWanted(target, this.wayOf(target.route))) continue;
      this.#open.delete(key);
      void pool.destroy();
    }
  }

  /** Equal for routes that lead to a host in the same way. */
  wayOf(route: Pick<PolicyRoute, "upstream" | "allowPrivate">): string {
    let way = this.#ways.get(route);
    if (way === undefined) {
      const parts = JSON.stringify([route.upstream ?? null, route.allowPrivate]);
      way = createHash("sha256").update(parts).digest("base64");
      this.#ways.set(route, way);
    }
    return way;
  }

  #create(target: UpstreamTarget): Pool {
    const host = target.host.includes(":") ? `[${target.host}]` : target.host;
    return new UndiciPool(`${target.scheme}://${host}:${target.port}`, {
      connect: createConnector(target, this.#world),
      connections: CONNECTIONS_PER_POOL,
      pipelining: 1,
      allowH2: false,
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: MAX_KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
  }

  #closeOldest(): void {
    const [oldest] = this.#open;
    if (oldest === undefined || this.#open.size < MAX_POOLS) return;
    this.#open.delete(oldest[0]);
    void oldest[1].pool.close();
  }
}
