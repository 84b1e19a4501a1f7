import type { Socket } from "node:net";

/**
 * Bounds how many connections the agent holds. A new one is always taken, so
 * that the probe finds its way even when an agent opens hundreds: the one that
 * was used longest ago goes instead.
 */
export class ConnectionLimit {
  readonly #most: number;
  /** when each was used last, by a count of all uses: the order of a Set would change with each request, see Members */
  readonly #uses = new Map<Socket, number>();
  #used = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(socket: Socket): void {
    this.#use(socket);
    socket.once("close", () => this.#uses.delete(socket));
    if (this.#uses.size <= this.#most) return;
    const [oldest] = [...this.#uses].reduce((one, other) => (other[1] < one[1] ? other : one));
    this.#uses.delete(oldest);
    oldest.destroy();
  }

  /** Says that a connection was used just now. */
  touch(socket: Socket): void {
    if (this.#uses.has(socket)) this.#use(socket);
  }

  closeAll(): void {
    for (const socket of this.#uses.keys()) socket.destroy();
  }

  #use(socket: Socket): void {
    this.#uses.set(socket, (this.#used += 1));
  }
}
