import { readFileSync } from "node:fs";
import type { InspectPush } from "../../sidecars/git-gate/contract.ts";
import { createInspectPush } from "../../sidecars/git-gate/judge/inspect-push.ts";
import { type DeclaredGate, startGate } from "./git-gates.ts";

// A gate of its own process: node git-gate-process.ts SOCKET hold|pass|scan, with the options on stdin. It says "judging"
// when it is asked about a push: `hold` never answers, `pass` says clean, `scan` inspects and says "judged MILLISECONDS".
const [socket = "", mode = ""] = process.argv.slice(2);
const options = JSON.parse(readFileSync(0, "utf8")) as Omit<DeclaredGate, "inspectPush">;
const inspect = createInspectPush({ knownValues: () => [], path: options.path });
const scan: InspectPush = async (request, signal) => {
  const began = performance.now();
  const verdict = await inspect(request, signal);
  process.stdout.write(`judged ${Math.round(performance.now() - began)}\n`);
  return verdict;
};
const judges: Record<string, InspectPush> = {
  hold: () => new Promise(() => undefined),
  pass: () => Promise.resolve({ kind: "clean" }),
  scan,
};
const judge = judges[mode];
if (judge === undefined) throw new Error(`there is no mode ${mode}`);
void startGate(
  {
    ...options,
    inspectPush: (request, signal) => {
      process.stdout.write("judging\n");
      return judge(request, signal);
    },
  },
  socket,
).then(() => process.stdout.write("ready\n"));
