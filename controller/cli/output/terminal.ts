import type { Readable, Writable } from "node:stream";

/** Where a command reads and writes: data on stdout, words on stderr. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** colour on stderr is wanted and possible */
  readonly color: boolean;
}

/** Data, on stdout. */
export function print(terminal: Terminal, text: string): void {
  terminal.stdout.write(text);
}

/** A line of words, on stderr. */
export function say(terminal: Terminal, line: string): void {
  terminal.stderr.write(`${line}\n`);
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** The text in a style, where the terminal shows colour. */
export function styled(terminal: Terminal, style: keyof typeof STYLES, text: string): string {
  return terminal.color ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
}

/** Whether a person can be asked. */
export function isInteractive(terminal: Terminal): boolean {
  return terminal.stdin.isTTY === true && terminal.stderr.isTTY === true;
}
