import { fix, runChecks, type Check, type DoctorOptions } from "../../local-runtime/doctor/index.ts";
import { selectRuntime } from "../../local-runtime/select-runtime.ts";
import { EXIT } from "./cli-error.ts";
import type { CommandContext } from "./context.ts";
import { wantedImages } from "./machine-images.ts";
import { escapeUntrusted } from "../escape.ts";
import { toJson, toYaml } from "./output/print-object.ts";
import { startProgress } from "./output/progress.ts";
import { print, say, styled, type Terminal } from "./output/terminal.ts";

/** Prints what the doctor found; sets the exit code when bottles cannot work. */
export async function checkMachine(
  context: CommandContext,
  options: { readonly fix?: true; readonly output?: "json" | "yaml" },
): Promise<void> {
  const checks = await examine(context, options.fix === true);
  if (options.output === "json") print(context.terminal, toJson(checks));
  else if (options.output === "yaml") print(context.terminal, await toYaml(checks));
  else print(context.terminal, checks.map((check) => describe(context.terminal, check)).join(""));
  const failed = checks.filter(({ status }) => status === "fail");
  if (failed.length > 0) context.exitWith(EXIT.failed);
  if (options.output === undefined) say(context.terminal, summary(failed.length, options.fix === true));
}

/** What this machine has and lacks, after setting up what can be set up when `mend` is true. */
export async function examine(context: CommandContext, mend: boolean): Promise<readonly Check[]> {
  const { config, signal, terminal } = context;
  const machine = await selectRuntime({ ...config, instance: "" });
  const progress = startProgress(terminal, mend ? "setting up this machine" : "looking at this machine");
  const options: DoctorOptions = {
    stateDir: config.stateDir,
    cacheDir: config.cacheDir,
    dockerSocket: config.dockerSocket,
    caFiles: config.caFiles,
    path: config.path,
    images: machine.images,
    wantedImages: wantedImages(),
  };
  try {
    return await (mend ? fix(options, (line) => progress.step(line), signal) : runChecks(options, signal));
  } finally {
    progress.done();
    await machine.close();
  }
}

function describe(terminal: Terminal, { name, status, found, todo }: Check): string {
  const mark = {
    ok: styled(terminal, "green", "ok  "),
    warn: styled(terminal, "yellow", "warn"),
    fail: styled(terminal, "red", "FAIL"),
  }[status];
  const next = todo === undefined ? "" : `      → ${escapeUntrusted(todo)}\n`;
  return `${mark}  ${name}: ${escapeUntrusted(found)}\n${next}`;
}

function summary(failed: number, mended: boolean): string {
  if (failed === 0) return "this machine is ready for bottles";
  const what = `${failed} thing${failed === 1 ? "" : "s"} that bottles need ${failed === 1 ? "is" : "are"} missing`;
  return mended ? what : `${what}; bb doctor --fix sets up what it can`;
}
