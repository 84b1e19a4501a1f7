import { readFileSync } from "node:fs";
import { GitGate, type GateOptions } from "../../sidecars/git-gate/git-gate.ts";

// A gate of its own process, to be killed: node git-gate-process.ts SOCKET hold|pass, with the options on stdin. With `hold` it says
// "judging" and never ends judging a push.
const [socket = "", mode = ""] = process.argv.slice(2);
const options = JSON.parse(readFileSync(0, "utf8")) as Omit<GateOptions, "inspectPush">;
await GitGate.start(
  {
    ...options,
    inspectPush: () => {
      process.stdout.write("judging\n");
      return mode === "hold" ? new Promise(() => undefined) : Promise.resolve({ kind: "clean" });
    },
  },
  socket,
);
process.stdout.write("ready\n");
