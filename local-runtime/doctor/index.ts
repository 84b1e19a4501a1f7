import { existsSync } from "node:fs";
import { REPAIRS } from "./check.ts";
import type { Check, Repair } from "./check.ts";
import { decideChecks } from "./decide.ts";
import type { Facts, ImagePresence } from "./facts.ts";
import type { DoctorOptions } from "./options.ts";
import { repairs } from "./repair.ts";
import { probeEngine } from "./probes/engine.ts";
import { probeCa, probeDisk, probeStateFolder } from "./probes/folders.ts";
import { probeMachine } from "./probes/machine.ts";

export type { Check } from "./check.ts";
export type { DoctorOptions } from "./options.ts";

/** Looks at everything that bottles need on this machine. Changes nothing. */
export async function runChecks(options: DoctorOptions, signal: AbortSignal): Promise<readonly Check[]> {
  return decideChecks(await collectFacts(options, signal));
}

/**
 * Sets up what is missing, one thing after another, tells about it, and looks again.
 *
 * What it could not do stays a failed check that says why. Safe to run again.
 */
export async function fix(
  options: DoctorOptions,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const outcomes = new Map<Repair, string | undefined>();
  for (;;) {
    const checks = await runChecks(options, signal);
    const next = REPAIRS.find(
      (repair) => !outcomes.has(repair) && checks.some((check) => check.repair === repair),
    );
    if (next === undefined) return checks.map((check) => withOutcome(check, outcomes));
    outcomes.set(next, await outcomeOf(repairs[next](options, { onProgress, signal }), signal));
  }
}

/** What went wrong, for people; undefined when nothing did. */
async function outcomeOf(repair: Promise<void>, signal: AbortSignal): Promise<string | undefined> {
  try {
    await repair;
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return (error as Error).message;
  }
}

function withOutcome(check: Check, outcomes: ReadonlyMap<Repair, string | undefined>): Check {
  const problem = check.repair && outcomes.get(check.repair);
  return problem === undefined
    ? check
    : { ...check, found: `${check.found}; setting it up failed: ${problem}` };
}

async function collectFacts(options: DoctorOptions, signal: AbortSignal): Promise<Facts> {
  const { stateDir, cacheDir, dockerSocket, caFiles, path } = options;
  const [machine, engine, stateFolder, files] = await Promise.all([
    probeMachine(path, signal),
    probeEngine(dockerSocket, signal),
    probeStateFolder(stateDir),
    Promise.all(Object.entries(caFiles).map(([variable, file]) => probeCa(variable, file))),
  ]);
  const disks = [await probeDisk("the state folder", stateDir), await probeDisk("downloads", cacheDir)];
  const answers = engine.kind === "answers";
  if (answers && existsSync(engine.facts.rootFolder))
    disks.push(await probeDisk("Docker", engine.facts.rootFolder));
  const images = answers ? await presenceOf(options, signal) : undefined;
  return { socketPath: dockerSocket, machine, engine, disks, caFiles: files, stateFolder, images };
}

function presenceOf(
  { images, wantedImages }: DoctorOptions,
  signal: AbortSignal,
): Promise<readonly ImagePresence[]> {
  return Promise.all(
    wantedImages.map(async ({ name, image }) => ({ name, present: await images.has(image, signal) })),
  );
}
