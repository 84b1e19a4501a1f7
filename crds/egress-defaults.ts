/** What a policy means where it says nothing. Beside the schemas, not among them: who enforces them needs no more. */
export const DEFAULT_ASK_SECONDS = 300;
export const DEFAULT_PORTS = [443, 80] as const;
export const DEFAULT_METHODS = ["GET", "HEAD"] as const;
export const DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024;
