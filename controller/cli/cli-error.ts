/** Exit codes of `bb`; `exec` and `attach` give the agent's own. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130, hungUp: 129 } as const;

/** Something that a person is told in full: what happened, why, and what to do next. Never shown with a stack. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly next: string | undefined;
  readonly exitCode: number;
  constructor(
    what: string,
    more: { readonly next?: string | undefined; readonly exitCode?: number; readonly cause?: unknown } = {},
  ) {
    super(what, { cause: more.cause });
    this.next = more.next;
    this.exitCode = more.exitCode ?? EXIT.failed;
  }
}

/** The command line itself is wrong. */
export function usageError(what: string, next?: string): CliError {
  return new CliError(what, { next, exitCode: EXIT.usage });
}
