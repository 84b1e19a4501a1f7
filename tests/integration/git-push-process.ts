import { readFileSync } from "node:fs";
import { createInspectPush } from "../../sidecars/git-gate/judge/inspect-push.ts";
import { policy } from "./git-push-kit.ts";

// The inspection as git's pre-receive hook: node git-push-process.ts, with the updates on stdin. Prints its findings
// and ends with 1 when it refuses.
const updates = readFileSync(0, "utf8")
  .trim()
  .split("\n")
  .map((line) => {
    const [from = "", to = "", ref = ""] = line.split(" ");
    return { ref, from, to };
  });
const names = ["GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"];
const environment = Object.fromEntries(names.map((name) => [name, process.env[name] ?? ""]));
const inspect = createInspectPush({
  knownValues: () => [],
  path: process.env["PATH"] ?? "",
});
const scan = { rules: [], baseline: [] };
const request = { gitDir: process.cwd(), environment, updates, confirmed: [], pushOptions: [], policy, scan };
const verdict = await inspect(request, AbortSignal.timeout(30_000));
process.stderr.write(`${JSON.stringify(verdict)}\n`);
process.exitCode = verdict.kind === "clean" ? 0 : 1;
