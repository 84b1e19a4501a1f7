import { Command } from "commander";
import type { CommandContext } from "../context.ts";

/** `bb demo`: a real agent in a real bottle, from nothing to nothing. */
export function demoCommand(context: CommandContext): Command {
  return new Command("demo")
    .summary("see a real agent in a real bottle")
    .description(
      "Sets up this machine, starts a bottle with the real Claude Code, asks it things that are answered, refused and " +
        "stopped, prints what happened, and removes everything of its own. Docker and images stay. The model is played " +
        "by a stand-in unless --live is given.",
    )
    .option("--live", "ask the real API, with the token in BOT_BOTTLE_CLAUDE_OAUTH_TOKEN")
    .addHelpText("after", "\nExamples:\n  bb demo\n  BOT_BOTTLE_CLAUDE_OAUTH_TOKEN=… bb demo --live")
    .action(async (options: { live?: true }) =>
      (await import("../demo/demo.ts")).runDemo(context, { live: options.live === true }),
    );
}
