import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { timeoutOption } from "../options.ts";

/** `bb cleanup`: removes what no bottle owns any more, or everything of this instance. */
export function cleanupCommand(context: CommandContext): Command {
  return new Command("cleanup")
    .summary("remove what no bottle owns any more")
    .description(
      "Removes containers, volumes, files and, without bottles, the network of this instance that no bottle owns any more; with --all the bottles, " +
        "too. What belongs to another state folder is never touched. Says what it will remove and asks.",
    )
    .option("--all", "every bottle with its home, and everything else of this instance but images")
    .option("-y, --yes", "do not ask")
    .option("--dry-run", "only say what would be removed")
    .addOption(timeoutOption("how long to wait for bottles to go", "2m"))
    .addHelpText("after", "\nExamples:\n  bb cleanup\n  bb cleanup --all --yes")
    .action(async (options: { all?: true; yes?: true; dryRun?: true; timeout: number }) =>
      (await import("../leftovers.ts")).cleanUp(context, options),
    );
}
