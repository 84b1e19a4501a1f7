import type { Writable } from "node:stream";
import { runCli } from "./program.ts";

const exitCode = await runCli(process.argv.slice(2), process);
await Promise.all([process.stdout, process.stderr].map(flushed));
// a command that is done is done: a library's helper process or an idle connection must not keep the terminal
process.exit(exitCode);

function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}
