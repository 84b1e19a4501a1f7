import { type DestinationStream, pino } from "pino";

/** The facts that a line may carry; their names are fixed here. Never a secret, never a URL's query. */
export interface LogFields {
  /** id of the pass */
  readonly pass?: string | undefined;
  /** namespace and name of the object */
  readonly key?: string | undefined;
  readonly reconciler?: string | undefined;
  /** plural of the kind */
  readonly resource?: string | undefined;
  readonly sandbox?: string | undefined;
  /** hash of the policy */
  readonly policy?: string | undefined;
  readonly reason?: string | undefined;
  readonly afterMs?: number | undefined;
  readonly tookMs?: number | undefined;
  readonly method?: string | undefined;
  /** path of a request, without its query */
  readonly path?: string | undefined;
  readonly status?: number | undefined;
  readonly port?: number | undefined;
  readonly err?: unknown;
}

/** `info` for changes of state, `debug` for a pass that changed nothing; messages are constant. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

const SENSITIVE = [
  ...[
    "authorization",
    "cookie",
    "token",
    "password",
    "secret",
    "value",
    "values",
    "data",
    "stringData",
    "body",
  ],
  ...["privateKeyPem", "headers"],
];

/**
 * Writes lines of JSON. Fields that could hold a credential are blanked at the
 * top and one level down, and of an error only its name, code, message, stack
 * and cause are written: others hang requests and output on theirs.
 */
export function createLogger(options: {
  readonly level: LogLevel;
  readonly destination: DestinationStream;
}): Logger {
  return pino(
    {
      level: options.level,
      base: { process: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SENSITIVE.flatMap((name) => [name, `*.${name}`]), censor: "[redacted]" },
      serializers: { err: describeError },
    },
    options.destination,
  );
}

/**
 * Lines to a file descriptor. A line that cannot be written, as on a full disk, is lost, and whoever logs goes on: a
 * log must not end what it tells of. `write` gives back how many bytes it took.
 */
export function createLogDestination(write: (bytes: Buffer) => number): DestinationStream {
  let isCutOff = false;
  return {
    write(line) {
      const bytes = Buffer.from(isCutOff ? `\n${line}` : line);
      try {
        isCutOff = write(bytes) < bytes.length;
      } catch {
        // lost: there is no other place to tell it
      }
    },
  };
}

interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly stack?: string | undefined;
  readonly cause?: ErrorDescription | undefined;
}

function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { name, message, stack, cause } = error;
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: name,
    message,
    ...(typeof code === "string" ? { code } : {}),
    stack,
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  };
}
