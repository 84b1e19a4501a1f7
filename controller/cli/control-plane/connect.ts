import type { Config } from "../../config.ts";
import type { ApiClient } from "../api/api-client.ts";
import type { Terminal } from "../output/terminal.ts";
import { connectRunning } from "./running.ts";

/** A client of the control plane, which is started when it does not run. */
export async function connectOrStart(
  config: Config,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ApiClient> {
  const running = await connectRunning(config, signal);
  if (running !== undefined) return running;
  const { startControlPlane } = await import("./start.ts");
  return startControlPlane(config, terminal, signal);
}
