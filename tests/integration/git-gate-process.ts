import { readFileSync } from "node:fs";
import { type DeclaredGate, startGate } from "./git-gates.ts";

// A gate of its own process, to be killed: node git-gate-process.ts SOCKET hold|pass, with the options on stdin. With `hold` it says
// "judging" and never ends judging a push.
const [socket = "", mode = ""] = process.argv.slice(2);
const options = JSON.parse(readFileSync(0, "utf8")) as Omit<DeclaredGate, "inspectPush">;
await startGate(
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
