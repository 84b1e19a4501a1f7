import type { Socket } from "node:net";
import { ConnectionLimit } from "./connection-limit.ts";
import type { Authority } from "./request/authority.ts";
import type { Entry } from "./request/entry.ts";

/** of one connection; as many streams has a session of HTTP/2, and no client sends as many requests one behind the other */
const MOST_UNDER_WAY = 128;

interface OpenConnection {
  /** requests that have not ended */
  underWay: number;
  readonly entry: Entry;
  /** the connection itself, below TLS */
  readonly outermost: Socket;
}

/** The agent's connections: how each came in, and how many there may be. */
export class Connections {
  readonly #limit: ConnectionLimit;
  readonly #open = new Map<Socket, OpenConnection>();

  constructor(most: number) {
    this.#limit = new ConnectionLimit(most);
  }

  /** Takes a new one; the one that was used longest ago goes when there are too many. */
  accept(socket: Socket): void {
    this.#limit.add(socket);
  }

  /** Says what requests can be read from: a connection itself, or what was opened on one. */
  enter(socket: Socket, entry: Entry, outermost = socket): void {
    this.#open.set(socket, { entry, outermost, underWay: 0 });
    socket.once("close", () => this.#open.delete(socket));
  }

  /** Undefined for one that has closed. */
  entryOf(socket: Socket): Entry | undefined {
    return this.#open.get(socket)?.entry;
  }

  /** Counts a request that begins; false, and nothing is counted, when too many of its connection are under way. */
  begin(socket: Socket): boolean {
    const open = this.#open.get(socket);
    if (open === undefined || open.underWay >= MOST_UNDER_WAY) return false;
    open.underWay += 1;
    return true;
  }

  /** Says that a request has ended. */
  end(socket: Socket): void {
    const open = this.#open.get(socket);
    if (open !== undefined) open.underWay -= 1;
  }

  /** Says that a connection was used just now. */
  touch(socket: Socket): void {
    const open = this.#open.get(socket);
    if (open !== undefined) this.#limit.touch(open.outermost);
  }

  /** Closes those that lead where nothing is allowed any more. */
  keepOnly(isAllowed: (authority: Authority) => boolean): void {
    for (const [socket, { entry }] of this.#open) {
      if (entry.kind === "tunnel" && !isAllowed(entry.authority)) socket.destroy();
    }
  }

  closeAll(): void {
    this.#limit.closeAll();
  }
}
