import type { Environment } from "../process/environment.ts";

/** One run of git, on its way to upstream. */
export interface Passage {
  /** what git needs beside its own environment */
  readonly environment: Environment;
  /** whether it goes over a connection of an earlier run, which may be dead without anybody knowing */
  readonly isReused: boolean;
  /** git has ended; `failed` says that the connection is not to be used again */
  leave(failed: boolean): void;
}

/** How git reaches one upstream and proves who it is. */
export interface Access {
  /** Throws RemoteFailure when the identity cannot be used, UpstreamError when upstream cannot be reached. */
  enter(timeoutMs: number): Promise<Passage>;
  /** Ends every process of it. */
  close(): Promise<void>;
}
