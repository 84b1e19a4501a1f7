import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CREDENTIAL_HOOK } from "./hook-wire.ts";

/**
 * Makes a folder with the hooks of every mirror and git's credential helper: `program` (hook.ts, or what it was built
 * to) under node, by the kernel, without a shell.
 */
export function writeHooks(folder: string, program: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const load = `import(${JSON.stringify(pathToFileURL(program))})`;
  for (const name of ["pre-receive", "proc-receive", CREDENTIAL_HOOK]) {
    const run = `.then(({ runHook }) => runHook("${name}", process.env)).then((code) => process.exit(code))`;
    writeFileSync(join(folder, name), `#!${process.execPath}\n${load}${run};\n`, { mode: 0o700 });
  }
}
