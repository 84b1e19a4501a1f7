import { systemClock } from "../../controller/engine/index.ts";
import { openSqliteStore } from "../../controller/store/index.ts";
import { bottles } from "../../crds/resources.ts";
import { aDraft } from "./store-draft.ts";

// A process that works on a state folder: `hold` keeps it, `write` writes until it is ended, `fill` until it cannot.
const [directory = "", mode] = process.argv.slice(2);
const store = openSqliteStore({ directory, clock: systemClock });
process.stdout.write("open\n");

let written = 0;
const write = (): void => {
  written += 1;
  store.create(bottles, aDraft(`b${written}`, { annotations: { padding: "x".repeat(10_000) } }));
  process.stdout.write(`${written}\n`);
};

if (mode === "write") for (;;) write();
if (mode === "fill") {
  try {
    for (;;) write();
  } catch (error) {
    const { name, message } = error as Error;
    const items = store.list(bottles, {}).items.length;
    process.stdout.write(`${JSON.stringify({ name, message, written: written - 1, items })}\n`);
  }
  store.close();
}
