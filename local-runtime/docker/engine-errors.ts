import { RuntimeUnavailableError } from "../../reconcilers/contract/errors.ts";

/** HTTP status of an engine's answer; undefined when the error is not one. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === "number" ? status : undefined;
}

/** What the engine said, for people. */
export function messageOf(error: unknown): string {
  const said = (error as { json?: { message?: unknown } } | null)?.json?.message;
  return typeof said === "string" ? said : error instanceof Error ? error.message : String(error);
}

/** The answer of `call`, or undefined when its status is one of `statuses`. */
export async function unlessStatus<T>(statuses: readonly number[], call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (statuses.includes(statusOf(error) ?? 0)) return undefined;
    throw error;
  }
}

/** RuntimeUnavailableError for a call that had no answer, with what to do about it; undefined for an answer. */
export function unavailableError(error: unknown, socketPath: string): RuntimeUnavailableError | undefined {
  if (statusOf(error) !== undefined || error instanceof RuntimeUnavailableError) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return undefined;
  return new RuntimeUnavailableError(adviceFor(code, socketPath), { cause: error });
}

/** What a failed connection means, and what to do about it. */
export function adviceFor(code: string, socketPath: string): string {
  switch (code) {
    case "EACCES":
    case "EPERM":
      return `no rights to Docker: ${socketPath} may not be opened; join the group docker and log in again, or run as root`;
    case "ENOENT":
      return `Docker is not running: there is no ${socketPath}; start it, or run: bb doctor --fix`;
    case "ECONNREFUSED":
      return `Docker is not running: nobody listens on ${socketPath}; start it, or run: bb doctor --fix`;
    default:
      return `the connection to Docker broke (${code})`;
  }
}
