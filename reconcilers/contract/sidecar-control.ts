import type { Duplex } from "node:stream";

/** Reaches process 1 of a sidecars sandbox on its own stdin and stdout. Only the controller attaches. */
export interface SidecarControl {
  /**
   * A byte stream to the sidecars' stdin and from their stdout, newline-delimited JSON (sidecars/wire/control.ts).
   * May be opened on a sandbox that is created and not yet started. It ends when the sandbox stops; destroying it
   * leaves the sandbox running. Throws SandboxNotFoundError, RuntimeUnavailableError.
   */
  open(sandbox: string, signal: AbortSignal): Promise<Duplex>;
}
