import { createInterface } from "node:readline/promises";
import { usageError } from "../cli-error.ts";
import { isInteractive, type Terminal } from "./terminal.ts";

/** Asks yes or no; only `y` and `yes` are yes. Without a terminal it throws and names the flag that answers. */
export async function confirm(terminal: Terminal, question: string, signal: AbortSignal): Promise<boolean> {
  if (!isInteractive(terminal)) {
    throw usageError(
      "this needs a yes, and there is no terminal to ask on",
      "pass --yes to go on without asking",
    );
  }
  const ask = createInterface({ input: terminal.stdin, output: terminal.stderr });
  try {
    const answer = await ask.question(`${question} [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    ask.close();
  }
}
