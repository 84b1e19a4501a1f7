import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { namespaceOption, timeoutOption } from "../options.ts";
import { changeOperatingMode } from "../operating-mode.ts";

/** `bb stop`: suspends bottles; their homes stay. */
export function stopCommand(context: CommandContext): Command {
  return new Command("stop")
    .summary("suspend bottles; their homes stay")
    .description("Suspends bottles: the containers go, the home stays. bb resume brings them back.")
    .argument("<bottle...>", "names of bottles")
    .addOption(namespaceOption())
    .option("--no-wait", "come back at once")
    .addOption(timeoutOption("how long to wait", "2m"))
    .addHelpText("after", "\nExamples:\n  bb stop hello\n  bb resume hello")
    .action((names: string[], options: { namespace: string; wait: boolean; timeout: number }) =>
      changeOperatingMode(context, names, {
        mode: "Suspended",
        wanted: { type: "Suspended", status: "True" },
        done: "stopped",
        ...options,
      }),
    );
}
