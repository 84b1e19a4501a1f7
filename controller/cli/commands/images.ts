import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import type { PruneOptions } from "../superseded-images.ts";
import { outputOption } from "../options.ts";

/** `bb images`: what bottles are made from on this machine. */
export function imagesCommand(context: CommandContext): Command {
  const group = new Command("images")
    .summary("build, list and prune what bottles are made from")
    .description(
      "The images that bottles are made from. They are built here, on first use or by this command.",
    )
    .addHelpText("after", "\nExamples:\n  bb images build\n  bb images list\n  bb images prune --dry-run");
  group
    .command("build")
    .summary("build those that are not there")
    .description("Builds the images that are not there: base, airlock, sidecars and the providers'.")
    .action(async () => (await import("../machine-images.ts")).buildImages(context));
  group
    .command("list")
    .summary("list those that are there")
    .addOption(outputOption(["json", "yaml"]))
    .action(async (options: { output?: "json" | "yaml" }) =>
      (await import("../image-list.ts")).listImages(context, options.output),
    );
  group
    .command("prune")
    .summary("remove those that other versions left")
    .description(
      "Removes the images that other versions of bot-bottle left on this machine and that no container uses. Another " +
        "checkout builds its own again when it needs them. Says what it will remove and asks.",
    )
    .option("-y, --yes", "do not ask")
    .option("--dry-run", "only say what would be removed")
    .action(async (options: PruneOptions) =>
      (await import("../superseded-images.ts")).pruneImages(context, options),
    );
  return group;
}
