import type { ApiClient } from "./api/api-client.ts";
import { openRemoteCommand } from "./api/remote-command.ts";

export interface Captured {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in a bottle without a terminal and gives back all that it wrote. */
export async function runInBottle(
  client: ApiClient,
  bottle: { readonly namespace: string; readonly name: string },
  argv: readonly string[],
  signal: AbortSignal,
): Promise<Captured> {
  const query = new URLSearchParams({ container: "agent", stdout: "true", stderr: "true" });
  for (const word of argv) query.append("command", word);
  const chunks: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
  const path = `/api/v1/namespaces/${bottle.namespace}/pods/${bottle.name}/exec?${query}`;
  const events = {
    onOutput: (channel: "stdout" | "stderr", output: Buffer) => void chunks[channel].push(output),
    onDrain: () => undefined,
  };
  const command = await openRemoteCommand(client, path, events, signal);
  const exitCode = await command.exitCode;
  const textOf = (channel: "stdout" | "stderr"): string => Buffer.concat(chunks[channel]).toString("utf8");
  return { exitCode, stdout: textOf("stdout"), stderr: textOf("stderr") };
}
