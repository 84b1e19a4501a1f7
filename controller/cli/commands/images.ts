import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { outputOption } from "../options.ts";

/** `bb images`: what bottles are made from on this machine. */
export function imagesCommand(context: CommandContext): Command {
  const group = new Command("images")
    .summary("build and list what bottles are made from")
    .description(
      "The images that bottles are made from. They are built here, on first use or by this command.",
    )
    .addHelpText("after", "\nExamples:\n  bb images build\n  bb images list");
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
      (await import("../machine-images.ts")).listImages(context, options.output),
    );
  return group;
}
