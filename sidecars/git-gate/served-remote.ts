import type { RemoteDeclaration } from "./upstream/remote-declaration.ts";
import type { Remote } from "./upstream/remote.ts";

/** One declared remote in the gate, from when it is opened until nothing of it runs any more. */
export class ServedRemote {
  readonly declaration: RemoteDeclaration;
  readonly #closing: AbortController;
  readonly #opening: Promise<Remote>;
  readonly #running = new Set<Promise<unknown>>();
  #isBroken = false;

  constructor(declaration: RemoteDeclaration, open: (signal: AbortSignal) => Promise<Remote>) {
    this.declaration = declaration;
    this.#closing = new AbortController();
    this.#opening = open(this.#closing.signal);
    this.#opening.catch(() => (this.#isBroken = true));
  }

  get name(): string {
    return this.declaration.policy.name;
  }

  /** whether it could not be opened */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** aborted when it is closed, and with it all that its requests started */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Does something with it, and keeps it open as long. Rejects with RemoteFailure when it could not be opened. */
  use<T>(act: (remote: Remote) => Promise<T>): Promise<T> {
    const running = this.#opening.then(act).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  /** Ends every request to it and every process of it. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
    await this.#opening.then(
      (remote) => remote.close(),
      () => undefined,
    );
  }
}
