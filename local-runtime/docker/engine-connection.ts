import Docker from "dockerode";
import { RuntimeUnavailableError } from "../../reconcilers/contract/errors.ts";
import { unavailableError } from "./engine-errors.ts";

/** Where the engine is, and how long it may take to answer. */
export interface EngineConnectionOptions {
  readonly socketPath: string;
  /** for one call; creates and starts are calls, streams are not once they are open */
  readonly callTimeoutMs: number;
}

/** What a call to the engine is given. dockerode takes the property into the request and not into its body. */
export interface CallOptions {
  readonly abortSignal: AbortSignal;
}

/**
 * The way to one Docker engine.
 *
 * A call ends with the engine's answer, with RuntimeUnavailableError when there is none in time, or with the
 * reason of the caller's signal: never later than `callTimeoutMs`.
 */
export class EngineConnection {
  readonly docker: Docker;
  readonly #socketPath: string;
  readonly #callTimeoutMs: number;

  constructor({ socketPath, callTimeoutMs }: EngineConnectionOptions) {
    this.docker = new Docker({ socketPath });
    this.#socketPath = socketPath;
    this.#callTimeoutMs = callTimeoutMs;
  }

  /** One request with one answer; `extraMs` on top for calls that wait by design. */
  async call<T>(
    signal: AbortSignal,
    request: (docker: Docker, options: CallOptions) => Promise<T>,
    extraMs = 0,
  ): Promise<T> {
    const late = AbortSignal.timeout(this.#callTimeoutMs + extraMs);
    return this.#guarded(signal, late, (abortSignal) => request(this.docker, { abortSignal }));
  }

  /** A request that is answered by a stream, which then outlives both the time limit and `signal`. */
  async open<T>(
    signal: AbortSignal,
    request: (docker: Docker, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const late = AbortSignal.timeout(this.#callTimeoutMs);
    const opening = new AbortController();
    return this.#guarded(signal, late, async (both) => {
      const giveUp = (): void => opening.abort(both.reason);
      both.addEventListener("abort", giveUp, { once: true });
      try {
        return await request(this.docker, { abortSignal: opening.signal });
      } finally {
        both.removeEventListener("abort", giveUp);
      }
    });
  }

  async #guarded<T>(
    signal: AbortSignal,
    late: AbortSignal,
    request: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    try {
      return await unlessAborted(AbortSignal.any([signal, late]), request);
    } catch (error) {
      signal.throwIfAborted();
      if (late.aborted) throw new RuntimeUnavailableError("Docker does not answer in time", { cause: error });
      throw unavailableError(error, this.#socketPath) ?? error;
    }
  }
}

/** Some of dockerode's calls take no signal; they, too, end here with its reason. */
function unlessAborted<T>(signal: AbortSignal, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", giveUp, { once: true });
    request(signal)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", giveUp));
  });
}
