import { readFileSync } from "node:fs";
import { createStandIn } from "./server.ts";
import type { Scene } from "./script.ts";

// Runs alone in a container of Node: `node main.ts FOLDER PORT`, with certificate.pem, key.pem and scenes.json in
// FOLDER. Prints "ready", then every request that arrives as one line of JSON.
const [folder = ".", port = "443"] = process.argv.slice(2);
const read = (name: string): string => readFileSync(`${folder}/${name}`, "utf8");

const standIn = createStandIn({
  certificate: read("certificate.pem"),
  privateKey: read("key.pem"),
  scenes: JSON.parse(read("scenes.json")) as Scene[],
  onSeen: (seen) => process.stdout.write(`${JSON.stringify(seen)}\n`),
});
standIn.listen(Number(port), () => process.stdout.write("ready\n"));
process.on("SIGTERM", () => process.exit(0));
