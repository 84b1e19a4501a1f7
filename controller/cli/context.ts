import type { Config } from "../config.ts";
import type { ApiClient } from "./api/api-client.ts";
import type { Terminal } from "./output/terminal.ts";

/** What a command is given. */
export interface CommandContext {
  readonly config: Config;
  readonly terminal: Terminal;
  /** aborted by Ctrl-C and SIGTERM */
  readonly signal: AbortSignal;
  /** the API of the control plane, which is started when it does not run */
  connect(): Promise<ApiClient>;
  /** sets the exit code of a command that did its work, as `exec` does with the agent's */
  exitWith(code: number): void;
}
