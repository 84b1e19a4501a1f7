/** The `Status` object with which the API server says no. */
export interface Status {
  readonly kind?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly causes?: readonly {
      readonly reason?: string;
      readonly message?: string;
      readonly field?: string;
    }[];
  };
}

/** The API server said no. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: Status;
  readonly code: number;
  constructor(code: number, status: Status) {
    super(status.message ?? `the API server answered ${code}`);
    this.code = code;
    this.status = status;
  }
}

/** The API server cannot be reached, or the connection broke. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  /** whether nobody listens there at all */
  readonly refused: boolean;
  constructor(message: string, options: { readonly refused: boolean; readonly cause: unknown }) {
    super(message, { cause: options.cause });
    this.refused = options.refused;
  }
}

/** Whether an error says that the object is not there. */
export function isNotFound(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 404;
}
