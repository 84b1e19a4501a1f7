import { fix, runChecks } from "../../local-runtime/doctor/index.ts";
import type { DoctorOptions } from "../../local-runtime/doctor/index.ts";

// A doctor on a machine of its own: node doctor-process.ts STATE-FOLDER SOCKET. Prints the checks before, the progress
// and the checks after as one line of JSON.
const [stateDir = "", dockerSocket = ""] = process.argv.slice(2);
const signal = AbortSignal.timeout(90_000);
const options: DoctorOptions = {
  stateDir,
  cacheDir: stateDir,
  dockerSocket,
  caFiles: {},
  path: process.env["PATH"] ?? "",
  images: { ensure: () => Promise.reject(new Error("no image is wanted")), has: () => Promise.resolve(true) },
  wantedImages: [],
};
const before = await runChecks(options, signal);
const progress: string[] = [];
const after = await fix(options, (line) => progress.push(line), signal);
const again: string[] = [];
await fix(options, (line) => again.push(line), signal);
process.stdout.write(`${JSON.stringify({ before, progress, after, again })}\n`, () => process.exit(0));
