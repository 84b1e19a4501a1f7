import { runChild } from "../process/child.ts";
import { gitEnvironment } from "../process/environment.ts";
import type { RemoteReport } from "../../wire/git-policy.ts";

const TIMEOUT_MS = 10_000;

/** How far branches of a mirror are from its default branch. One that is gone, or takes too long, is left out. */
export async function branchPositions(
  mirror: { readonly gitDir: string; readonly path: string; readonly signal: AbortSignal },
  branches: readonly string[],
): Promise<RemoteReport["branches"]> {
  const { gitDir, path, signal } = mirror;
  const positions: RemoteReport["branches"] = [];
  for (const name of branches) {
    const range = `HEAD...refs/heads/${name}`;
    const argv = ["git", `--git-dir=${gitDir}`, "rev-list", "--left-right", "--count", range, "--"] as const;
    const run = { argv, environment: gitEnvironment(path), cwd: "/", timeoutMs: TIMEOUT_MS, signal };
    const { ok, stdout } = await runChild(run);
    const [, behind, ahead] = /^(\d+)\t(\d+)\n$/.exec(stdout) ?? [];
    if (ok) positions.push({ name, ahead: Number(ahead), behind: Number(behind) });
  }
  return positions;
}
