import type { Socket } from "node:net";

/**
 * Bounds how many connections the agent holds. A new one is always taken, so
 * that the probe finds its way even when an agent opens hundreds: the one that
 * was used longest ago goes instead.
 */
export class ConnectionLimit {
  readonly #most: number;
  readonly #byUse = new Set<Socket>();

  constructor(most: number) {
    this.#most = most;
  }

  add(socket: Socket): void {
    this.#byUse.add(socket);
    socket.once("close", () => this.#byUse.delete(socket));
    for (const oldest of this.#byUse) {
      if (this.#byUse.size <= this.#most) break;
      this.#byUse.delete(oldest);
      oldest.destroy();
    }
  }

  /** Says that a connection was used just now. */
  touch(socket: Socket): void {
    if (this.#byUse.delete(socket)) this.#byUse.add(socket);
  }

  closeAll(): void {
    for (const socket of this.#byUse) socket.destroy();
  }
}
