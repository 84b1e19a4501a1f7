import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { Terminal } from "./terminal.ts";

/** Asks for a line that is not shown while it is typed. */
export async function askHidden(terminal: Terminal, question: string, signal: AbortSignal): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  terminal.stderr.write(question);
  const ask = createInterface({ input: terminal.stdin, output: nowhere, terminal: true });
  try {
    return await ask.question("", { signal });
  } finally {
    ask.close();
    terminal.stderr.write("\n");
  }
}
