import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { outputOption } from "../options.ts";

/** `bb doctor`: whether this machine has what bottles need, and with `--fix` sets up what is missing. */
export function doctorCommand(context: CommandContext): Command {
  return new Command("doctor")
    .summary("check this machine; --fix sets it up")
    .description(
      "Looks at everything that bottles need on this machine: Docker, disk, kernel, images, certificates. With --fix " +
        "it sets up what is missing, where it may. Exit code 1 when something that bottles need is missing.",
    )
    .option("--fix", "set up what is missing: install and start Docker, build the images")
    .addOption(outputOption(["json", "yaml"]))
    .addHelpText("after", "\nExamples:\n  bb doctor\n  bb doctor --fix")
    .action(async (options: { fix?: true; output?: "json" | "yaml" }) =>
      (await import("../machine-checks.ts")).checkMachine(context, options),
    );
}
