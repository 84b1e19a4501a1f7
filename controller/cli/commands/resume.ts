import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { namespaceOption, timeoutOption } from "../options.ts";
import { changeOperatingMode } from "../operating-mode.ts";

/** `bb resume`: brings stopped bottles back with the homes they had. */
export function resumeCommand(context: CommandContext): Command {
  return new Command("resume")
    .summary("bring stopped bottles back")
    .description("Brings stopped bottles back, with the home they had.")
    .argument("<bottle...>", "names of bottles")
    .addOption(namespaceOption())
    .option("--no-wait", "come back at once")
    .addOption(timeoutOption("how long to wait", "5m"))
    .addHelpText("after", "\nExamples:\n  bb resume hello && bb attach hello")
    .action((names: string[], options: { namespace: string; wait: boolean; timeout: number }) =>
      changeOperatingMode(context, names, {
        mode: "Running",
        wanted: { type: "Ready", status: "True" },
        done: "resumed",
        ...options,
      }),
    );
}
