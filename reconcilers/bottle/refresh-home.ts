import type { SandboxExec } from "../contract/sandbox-exec.ts";
import type { ProvisionedFile } from "../contract/sandbox-runtime.ts";

/** An agent may have put a FIFO in the file's place. */
const TIMEOUT_MS = 5_000;

/** Writes files into the home of a running agent, as the agent's own user. */
export async function refreshHome(
  agent: string,
  files: readonly ProvisionedFile[],
  exec: SandboxExec,
  signal: AbortSignal,
): Promise<void> {
  for (const { path, content } of files) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const argv = ["sh", "-c", 'umask 077 && cat > "$1"', "sh", path];
    const session = await exec.exec(agent, { argv, tty: false, stdin: true }, limit);
    session.stdout.resume();
    session.stderr.resume();
    session.stdin.end(content);
    const exitCode = await session.exitCode;
    if (exitCode !== 0)
      throw new Error(`${path} could not be written in the agent's home (exit code ${exitCode})`);
  }
}
