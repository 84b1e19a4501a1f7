import { watchLoopAt } from "./loop-holds.ts";
import { startStandaloneEgress, type StandaloneOptions } from "../../../sidecars/egress/standalone/index.ts";

/**
 * `bb egress` without its command line, bundled as the program of the sidecars is. Argument: JSON of StandaloneOptions.
 * Prints the address it listens on, and between two SIGUSR2 watches its event loop.
 */
async function main(): Promise<void> {
  const running = await startStandaloneEgress(JSON.parse(process.argv[2] ?? "{}") as StandaloneOptions);
  process.on("SIGHUP", () => void running.reload());
  watchLoopAt("SIGUSR2");
  process.on("SIGTERM", () => process.exit(0));
  process.stdout.write(`${JSON.stringify({ address: running.address })}\n`);
}

void main();
