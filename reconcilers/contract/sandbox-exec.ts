import type { Readable, Writable } from "node:stream";

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface ExecRequest {
  /** run as it is: no shell, no profile */
  readonly argv: readonly string[];
  readonly tty: boolean;
  /** whether stdin is attached */
  readonly stdin: boolean;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly workingDirectory?: string | undefined;
  readonly terminalSize?: TerminalSize | undefined;
}

/** One running command. */
export interface ExecSession {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** empty with a terminal */
  readonly stderr: Readable;
  resize(size: TerminalSize): Promise<void>;
  /** ends the command and its children */
  kill(): Promise<void>;
  /** resolves when it ended; 137 when it was killed; 126 or 127 when it could not be run */
  readonly exitCode: Promise<number>;
}

/** Runs commands in a sandbox, for people. Aborting `signal` kills the command. */
export interface SandboxExec {
  /** throws SandboxNotFoundError when the sandbox does not run, RuntimeUnavailableError */
  exec(sandbox: string, request: ExecRequest, signal: AbortSignal): Promise<ExecSession>;
}

export interface LogOptions {
  readonly follow: boolean;
  /** last lines; all when absent */
  readonly tailLines?: number | undefined;
  readonly since?: Date | undefined;
}

export interface LogLine {
  readonly time: Date;
  readonly stream: "stdout" | "stderr";
  /** without its line end */
  readonly text: string;
}

/** What a sandbox wrote, oldest first. */
export interface SandboxLogs {
  /** throws SandboxNotFoundError, RuntimeUnavailableError */
  logs(sandbox: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine>;
}
