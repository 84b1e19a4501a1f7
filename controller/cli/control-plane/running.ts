import type { Config } from "../../config.ts";
import { readConnection } from "../../state-folder.ts";
import { ApiClient } from "../api/api-client.ts";
import { ConnectionError } from "../api/api-error.ts";

const ANSWER_MS = 5000;

/**
 * A client of the running control plane, or undefined when none runs. Throws ConnectionError when something listens
 * where it should be and does not answer as it should.
 */
export async function connectRunning(config: Config, signal: AbortSignal): Promise<ApiClient | undefined> {
  const connection = readConnection(config.stateDir);
  if (connection === undefined) return undefined;
  const client = new ApiClient(connection, signal);
  const timeout = AbortSignal.timeout(ANSWER_MS);
  try {
    await client.call("/version", {}, AbortSignal.any([signal, timeout]));
    return client;
  } catch (error) {
    client.close();
    if (error instanceof ConnectionError && error.refused) return undefined;
    if (timeout.aborted && !signal.aborted) throw silent(error);
    throw error;
  }
}

function silent(cause: unknown): ConnectionError {
  return new ConnectionError(
    `the control plane accepts connections and says nothing for ${ANSWER_MS / 1000} s`,
    {
      refused: false,
      cause,
    },
  );
}
