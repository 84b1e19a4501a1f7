import { ApiError, ConnectionError } from "./api/api-error.ts";
import { CliError } from "./cli-error.ts";
import { escapeUntrusted } from "../escape.ts";

/** What a person is told of an error, whatever it is: never a stack, always one sentence, and what to do if we know. */
export function explain(error: unknown): CliError {
  if (error instanceof CliError) return new CliError(escapeUntrusted(error.message), carry(error));
  if (error instanceof ApiError)
    return new CliError(escapeUntrusted(error.message), { next: nextAfter(error) });
  if (error instanceof ConnectionError) {
    return new CliError(error.message, { next: "bb status says what runs; bb down and bb up start it anew" });
  }
  if (error instanceof Error) return explainOther(error);
  return new CliError(escapeUntrusted(String(error)));
}

function carry(error: CliError): { next: string | undefined; exitCode: number } {
  return {
    next: error.next === undefined ? undefined : escapeUntrusted(error.next),
    exitCode: error.exitCode,
  };
}

function explainOther(error: Error): CliError {
  const next = "next" in error && typeof error.next === "string" ? error.next : nextAfterSystemError(error);
  return new CliError(escapeUntrusted(error.message), { next: next && escapeUntrusted(next) });
}

/** What can be done about an error of the system, which carries its code or names it at its end: `… (ENOENT)`. */
function nextAfterSystemError(error: Error): string | undefined {
  const code = "code" in error ? error.code : /\((?<code>E[A-Z]+)\)$/.exec(error.message)?.groups?.["code"];
  return typeof code === "string" ? AFTER_SYSTEM_ERROR[code] : undefined;
}

const AFTER_SYSTEM_ERROR: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full: make room, then try again",
  EACCES: "check who owns the file, and its mode",
  EPERM: "check who owns the file, and its mode",
  ENOENT: "it is not there: check the path",
  EISDIR: "it is a folder: name a file",
  ENOTDIR: "a part of the path is a file: check the path",
  EADDRINUSE: "another program has that port: name another one, or end that program",
  EADDRNOTAVAIL: "this machine has no such address: 127.0.0.1 is its own",
};

function nextAfter(error: ApiError): string | undefined {
  switch (error.code) {
    case 401:
      return "the token is not the control plane's; bb down and bb up write it anew";
    case 404:
      return "bb get shows what there is; -n names another namespace";
    case 409:
      return "somebody changed it meanwhile: try again";
    case 500:
      return "bb status says where the control plane's log is";
    case 503:
      return "bb doctor looks at this machine; bb status says where the control plane's log is";
    default:
      return undefined;
  }
}
